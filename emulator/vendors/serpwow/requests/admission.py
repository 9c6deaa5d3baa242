"""Admission of requests: the key, the path, the rate and the platform's status."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import timedelta
from functools import lru_cache
from operator import itemgetter
from urllib.parse import parse_qsl

from emulator.sdk import SELF, Answer, Limit, Operation, Request, Transaction, View, pattern, replace, structs
from emulator.vendors.serpwow.assumptions.requests import (
    PATH_SPELLING,
    PLATFORM_DOWN,
    RATE_WINDOW,
    REFUSED_FIRST,
    REPEATED_PARAMETER,
    SINGULAR_PATH,
    UNREAD_BODY,
)
from emulator.vendors.serpwow.model.account import Platform, RequestMeter
from emulator.vendors.serpwow.requests.queries import API_KEY, is_plain
from emulator.vendors.serpwow.requests.validation import invalid

MOUNTS = ("/live", "/serpwow/live")
LONG_PATH = 200
"""Characters beyond which it is not remembered how a path is spelt."""

SINGULAR = pattern(r"/live/destination/?$", re.IGNORECASE)
"""The end of a path as the head of an example writes it. Evidence: serpwow-path-7."""

FILES = ("/_files",)
ACCOUNT = "serpwow.account.get"
"""The one operation that answers while the platform is down."""

PER_MINUTE = 60
MINUTE = timedelta(minutes=1)
_COUNT = itemgetter(1)


def credential(request: Request) -> str | None:
    """Return the api_key of the query, on every method. Evidence: serpwow-auth-1."""
    return request.query.get(API_KEY)


def acting_account(view: View) -> str:
    """Return the id of the account that the request under way acts for; the first where there is none."""
    accounts = view.accounts("serpwow")
    return accounts.of(view.context.credential) if accounts.ids and view.context is not None else accounts.first


def admit(tx: Transaction, request: Request, operation: Operation) -> Answer | None:
    """Refuse a request without a valid key, and any but Account while the platform is down; links to files need no key."""
    if operation.other_paths and is_singular(request) and tx.choice(SINGULAR_PATH) == "404":
        return unmatched(tx, request, ())
    if not operation.mounts:
        if not tx.accepts("serpwow", credential(request)):
            return Answer("bad_key", "serpwow-auth-2")
        if "&" in request.query_string and not is_plain(request) and _is_key_refused(tx, request):
            return invalid(f"{API_KEY} must have a single value", "serpwow-query-1", REPEATED_PARAMETER).answer
        if request.body and not _reads_body(operation) and tx.choice(UNREAD_BODY) == "refuse":
            return invalid("The request must not have a body", "serpwow-body-9", UNREAD_BODY).answer
    if not is_spelt_as_published(request, operation) and tx.choice(PATH_SPELLING) == "strict":
        return Answer("astray", "serpwow-path-2", assumption=PATH_SPELLING)
    if _is_down(tx) and operation.name != ACCOUNT:
        return Answer("down", "serpwow-platform-1", assumption=PLATFORM_DOWN)
    return None


def unmatched(tx: Transaction, request: Request, verbs: Sequence[str]) -> Answer:
    """Answer an unknown path or verb; the key is checked first, except on links to files."""
    if request.path.lower().startswith(FILES):
        return Answer("wrong_verb", "serpwow-link-1", verbs) if verbs else Answer("astray", "serpwow-link-2")
    is_outside = not request.path.lower().startswith(tuple(f"{mount}/" for mount in MOUNTS))
    unknown = "serpwow-path-4" if is_published_elsewhere(request) else "serpwow-path-6" if is_outside else "serpwow-path-1"
    if is_singular(request) and tx.choice(SINGULAR_PATH) == "404":
        not_found = Answer("astray", "serpwow-path-8", assumption=SINGULAR_PATH)
    else:
        not_found = Answer("astray", "serpwow-verb-1" if verbs else unknown)
    if is_outside:
        return not_found.resting_on(("serpwow-path-5",))
    if tx.accepts("serpwow", credential(request)):
        return not_found
    if tx.choice(REFUSED_FIRST) == "path":
        return structs.replace(not_found, assumption=REFUSED_FIRST)
    return Answer("bad_key", "serpwow-auth-3", assumption=REFUSED_FIRST)


def is_singular(request: Request) -> bool:
    """Return whether a path is the one that stands in the head of an example alone."""
    return SINGULAR.search(request.path) is not None


def is_published_elsewhere(request: Request) -> bool:
    """Return whether a path is one of the Search API or the Locations API, which are not emulated."""
    return request.path.lower().rstrip("/").endswith(("/live/search", "/live/locations"))


def rate_limit(name: str, evidence: str) -> Limit:
    """Return the limit that one key makes at most 60 requests a minute to the operations of this name."""

    def count(view: View, request: Request) -> Answer | RequestMeter:
        id, now = f"{name}/{request.query.get(API_KEY, '')}", view.now
        meter = view.find(RequestMeter, id) or RequestMeter(id, now)
        counts = [*meter.earlier, (meter.since, meter.count)]
        while counts and now - counts[0][0] >= MINUTE:
            del counts[0]
        is_sliding = view.choice(RATE_WINDOW) == "sliding"
        if sum(map(_COUNT, counts)) >= PER_MINUTE:
            return Answer("too_often", evidence, assumption=RATE_WINDOW)
        since, newest = counts.pop() if counts and (not is_sliding or counts[-1][0] == now) else (now, 0)
        return replace(meter, since=since, count=newest + 1, earlier=tuple(counts))

    return count


def cite_path(request: Request, operation: Operation, answer: Answer) -> Answer:
    """Return the answer with the fact and the assumption by which its path was read, where it is not the published one."""
    if operation.other_paths and is_singular(request):
        answer = answer.resting_on(("serpwow-path-7",), SINGULAR_PATH)
    return answer if is_spelt_as_published(request, operation) else answer.resting_on(("serpwow-path-2",), PATH_SPELLING)


def is_spelt_as_published(request: Request, operation: Operation) -> bool:
    """Return whether a path is the published one, capitals and slashes included; ids may have any spelling."""
    look = _is_spelt if len(request.path) <= LONG_PATH else _is_spelt.__wrapped__
    return look(request.path, operation.mounts or MOUNTS, (operation.path, *operation.other_paths))


@lru_cache(maxsize=500)
def _is_spelt(path: str, mounts: tuple[str, ...], rests: tuple[str, ...]) -> bool:
    return any(_matches(path.split("/"), (mount + rest).split("/")) for mount in mounts for rest in rests)


def _matches(segments: list[str], pattern: list[str]) -> bool:
    same = (part.startswith("{") or part == segment for segment, part in zip(segments, pattern, strict=False))
    return len(segments) == len(pattern) and all(same)


def _is_down(tx: Transaction) -> bool:
    platform = tx.find(Platform, SELF)
    return platform is not None and platform.status == "down"


def _is_key_refused(tx: Transaction, request: Request) -> bool:
    """Return whether a query gives several keys, and that is assumed to be refused. Evidence: serpwow-query-1."""
    keys = [value for name, value in parse_qsl(request.query_string, keep_blank_values=True) if name == API_KEY]
    if len(keys) < 2 or (choice := tx.choice(REPEATED_PARAMETER)) == "last":
        return False
    return choice == "refuse-any" or len({*keys}) > 1


def _reads_body(operation: Operation) -> bool:
    """Return whether an operation has a body. Evidence: serpwow-body-9."""
    return operation.method in ("POST", "PUT") or operation.name == "serpwow.searches.delete_many"
