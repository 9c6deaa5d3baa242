"""Admission of requests: the state of the platform, the token, the media type and the id in the path."""

from __future__ import annotations

import re
from collections.abc import Sequence

from emulator.sdk import Answer, Operation, Request, Transaction, pattern
from emulator.vendors.sixdot50.assumptions.requests import (
    MISSING_MEDIA_TYPE,
    OTHER_MEDIA_TYPE,
    REVOKED_KEY,
    SINGULAR_PATH,
    WRONG_METHOD,
)
from emulator.vendors.sixdot50.model import platform_of
from emulator.vendors.sixdot50.requests.tokens import GET_TOKEN, bearer, is_good, is_of_revoked_key

JSON = "application/json"
"""The media type of every request. Evidence: 6dot50-media-2."""

GUID = pattern(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")

SINGULAR = pattern(r"/batch/(statuscodes|[^/]+/(submit|cancel))/?$", re.IGNORECASE)
"""The end of a path as the prose of some pages writes it. Evidence: 6dot50-path-4."""


def admit(tx: Transaction, request: Request, operation: Operation) -> Answer | None:
    """Refuse every request while the platform is down, and one without a good token, unless it asks for one."""
    if platform_of(tx).status == "down":
        return Answer("broken", "6dot50-error-7")
    if operation.other_paths and is_singular(request) and (refusal := _refuse_singular(tx)):
        return refusal
    if operation.path == GET_TOKEN:
        return None
    token = bearer(request)
    if token is None:
        return Answer("no_token", "6dot50-auth-3" if "authorization" in request.headers else "6dot50-auth-8")
    if not is_good(tx, token):
        return Answer("bad_token", "6dot50-auth-4")
    if is_of_revoked_key(tx, token) and tx.choice(REVOKED_KEY) == "die":
        return Answer("bad_token", "6dot50-token-10", None, REVOKED_KEY)
    return None


def is_singular(request: Request) -> bool:
    return SINGULAR.search(request.path) is not None


def _refuse_singular(tx: Transaction) -> Answer | None:
    return None if tx.choice(SINGULAR_PATH) == "served" else Answer("astray", "6dot50-path-2", (), SINGULAR_PATH)


def unmatched(tx: Transaction, request: Request, verbs: Sequence[str]) -> Answer:
    if is_singular(request) and (refusal := _refuse_singular(tx)):
        return refusal
    if verbs:
        return Answer("astray", "6dot50-verb-1", tuple(verbs), WRONG_METHOD)
    return Answer("astray", "6dot50-path-1", ())


def check_media_type(tx: Transaction, request: Request) -> Answer | None:
    """Refuse a body of another media type than JSON where that is assumed."""
    if not request.body or request.media_type == JSON:
        return None
    assumption = OTHER_MEDIA_TYPE if request.media_type else MISSING_MEDIA_TYPE
    refused = tx.choice(assumption) != "read"
    return Answer("other_media_type", "6dot50-media-3", assumption=assumption) if refused else None


def check_id(_tx: Transaction, request: Request) -> Answer | None:
    """Refuse an id in the path that is no GUID."""
    return None if GUID.fullmatch(id_of(request)) else Answer("malformed_id", "6dot50-id-2")


def id_of(request: Request) -> str:
    """Return the id in the path, in lower case as 6DOT50 keeps it. Evidence: 6dot50-id-1."""
    return request.parameters["id"].lower()
