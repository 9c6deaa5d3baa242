"""Problems of the response of a fault or a reply that its schema cannot see: what HTTP cannot send, and two bodies."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

from emulator.kernel.errors import Problem
from emulator.scenario.calls import BODIES
from emulator.scenario.document import JsonObject, Path
from emulator.text.pattern import pattern

HEADER_NAME = pattern(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+", re.ASCII)

HEADER_VALUE = pattern(r"[\t\x20-\x7e]*", re.ASCII)

FRAMING = frozenset({"content-length", "transfer-encoding"})
"""Headers that say where a response ends, which follows from its body."""

BODILESS = frozenset({204, 205, 304})
"""Statuses whose responses have no body, by HTTP."""

ONE_BODY = "there is one body: write 'body' (a text as it is, or a JSON value), 'json' or 'text', and not two of them"
RETRY_AFTER = "retry-after"


def response_problems(fields: JsonObject, path: Path) -> Iterator[Problem]:
    """Yield the problems of the response of a fault or a reply, whose `fields` fit the schema."""
    yield from header_problems(fields, path)
    for name in fields.get("headers", {}):
        if name.lower() in FRAMING:
            yield Problem(f"{name} follows from the body: leave it out", (*path, "headers", name))
        if name.lower() == RETRY_AFTER and "retry_after" in fields:
            yield Problem("'retry_after' gives this header: leave out one of them", (*path, "headers", name))
    bodies = [name for name in BODIES if name in fields]
    if len(bodies) > 1:
        yield Problem(ONE_BODY, (*path, bodies[1]))
    full = [name for name in bodies if name == "json" or fields[name] not in (None, "")]
    if fields.get("status") in BODILESS and full:
        yield Problem(f"by HTTP, a reply with status {fields['status']} has no body", (*path, full[0]))


def header_problems(content: JsonObject, path: Path) -> Iterator[Problem]:
    """Yield the headers that cannot stand in the head of a message, where a line break would begin another header."""
    names = Counter(name.lower() for name in content.get("headers", {}))
    for name, value in content.get("headers", {}).items():
        if names[name.lower()] > 1:
            yield Problem(f"the header {name} is given twice", (*path, "headers", name))
        if not HEADER_NAME.fullmatch(name):
            yield Problem(f"{name!r} cannot be the name of a header", (*path, "headers", name))
        if not HEADER_VALUE.fullmatch(value):
            yield Problem("this cannot be the value of a header: it is printable ASCII", (*path, "headers", name))
