"""Requests that are spelt otherwise than the pages have them, and what their answers rest on for that reason."""

from __future__ import annotations

from collections.abc import Iterator

import orjson

from emulator.sdk import Answer, Operation, Request, Transaction
from emulator.vendors.serpwow.assumptions_of_calls import PATH_SPELLING
from emulator.vendors.serpwow.queries import API_KEY, CSV_FIELDS, SINGLE
from emulator.vendors.serpwow.received import FORM, NOT_OURS, media_type

MOUNTS = ("/live", "/serpwow/live")
PARAMETERS = SINGLE | {API_KEY, CSV_FIELDS}
"""The parameters that a query may have."""


def cite(_tx: Transaction, request: Request, operation: Operation, answer: Answer) -> Answer:
    """Return the answer with the facts by which its request was understood, or part of it ignored."""
    if operation.mounts:  # a link of our own
        return answer
    facts = ("serpwow-body-2",) if _adds_fields(request) else ()
    if is_spelt_as_published(request, operation):
        return answer.resting_on(facts) if facts else answer
    return answer.resting_on((*facts, "serpwow-path-2"), PATH_SPELLING.id)


def is_spelt_as_published(request: Request, operation: Operation) -> bool:
    """Tell whether a path is the published one, capitals and slashes included; ids are the client's own."""
    return any(_matches(request.path, mount + operation.path) for mount in operation.mounts or MOUNTS)


def _matches(path: str, pattern: str) -> bool:
    actual, expected = path.split("/"), pattern.split("/")
    same = (part.startswith("{") or part == segment for segment, part in zip(actual, expected, strict=False))
    return len(actual) == len(expected) and all(same)


def _adds_fields(request: Request) -> bool:
    """Tell whether the query or the body has a parameter that no page names, or that only the vendor's clients add."""
    names = (name.partition("[")[0] for name in request.query)
    return any(name not in PARAMETERS for name in names) or any(name in NOT_OURS for name in _names_in(request))


def _names_in(request: Request) -> Iterator[str]:
    if not any(name.encode() in request.body for name in NOT_OURS):
        return
    if media_type(request) == FORM and not request.body.lstrip().startswith((b"{", b"[")):
        yield from (part.partition(b"=")[0].decode("latin-1") for part in request.body.split(b"&"))
        return
    try:
        value = orjson.loads(request.body)
    except ValueError:
        return
    yield from value if isinstance(value, dict) else ()
