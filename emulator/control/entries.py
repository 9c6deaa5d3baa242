"""Journal entries as records, in which no credential can be read."""

from __future__ import annotations

from codecs import getincrementaldecoder
from collections.abc import Iterable
from functools import cache, lru_cache
from itertools import starmap
from json import detect_encoding
from typing import Any

import orjson
from orjson import OPT_UTC_Z, Fragment

from emulator.control import journal_models as models
from emulator.control.record import to_json
from emulator.kernel.clock import EPOCH
from emulator.kernel.exchange import Change, DeliveryAttempt, Exchange, FaultHit
from emulator.kernel.journal import Entry
from emulator.kernel.resource import structs
from emulator.sdk.exact_json import dump, load
from emulator.text.pattern import pattern
from emulator.text.redact import DEEPEST, redact_body, redact_header, redact_text
from emulator.text.secrets import LONG_NAME, redact
from emulator.web.unmatched import Unmatched

MAX_HEADERS = 16_384
"""Characters of an entry's headers, names and values together."""

_BINARY = pattern(rb"[\x00-\x08\x0b\x0e-\x1a\x1c-\x1f]")
"""Bytes that are in no text of any encoding but UTF-16 and UTF-32."""


def entry(entry: Entry) -> models.AnyEntry:
    """Return a journal entry as a record."""
    if isinstance(entry.event, Change):
        return models.ChangeEntry(n=entry.n, type="change", **vars(change(entry.event)))
    if isinstance(entry.event, DeliveryAttempt):
        return attempt(entry.n, entry.event)
    return exchange(entry.n, entry.event)


def attempt(n: int, event: DeliveryAttempt) -> models.AttemptEntry:
    """Return an attempt to deliver as a record."""
    delivery, last = event.delivery, event.delivery.attempts[-1]
    headers = tuple((name.lower(), value) for name, value in last.headers)
    return models.AttemptEntry(
        n=n,
        type="attempt",
        at=event.at,
        operation=event.operation,
        id=delivery.id,
        event=delivery.event,
        event_id=delivery.event_id,
        number=len(delivery.attempts),
        url=delivery.url and redact_text(delivery.url),
        request=models.SentRequest(headers, body(delivery.body_with(last.faults).encode())),
        status=last.status,
        reply=body(last.body.encode()),
        error=last.error and redact_text(last.error),
        faults=hits(last.faults),
        changes=tuple(map(change, event.changes)),
    )


def exchange(n: int, exchange: Exchange) -> models.Exchange:
    """Return an exchange as a record, its headers and bodies as far as the journal kept them."""
    return models.Exchange.of(
        exchange,
        n=n,
        type="exchange",
        method=redact_text(exchange.method),
        changes=tuple(map(change, exchange.changes)),
        faults=hits(exchange.faults),
        target=redact_text(exchange.target),
        request=models.SentRequest(_headers(exchange), body(exchange.request)),
        reply=body(exchange.response),
    )


def unmatched(request: Unmatched) -> models.Unmatched:
    """Return an unmatched request as a record; no credential can be read in it."""
    return models.Unmatched(
        **request._asdict()
        | {
            "method": redact_text(request.method),
            "target": redact_text(request.target),
            "credential": redact(request.credential) if request.credential else None,
            "hint": redact_text(request.hint) if request.hint else None,
        }
    )


def hits(faults: Iterable[FaultHit]) -> tuple[models.FaultHit, ...]:
    """Return the faults that struck as records."""
    return tuple(starmap(models.FaultHit, faults))


def change(change: Change) -> models.Change:
    """Return a change as a record; no secret can be read in its id."""
    vendor, _, resource = change.kind.partition(".")
    return models.Change.of(change, vendor=vendor, resource=resource, id=redact_text(change.id))


def changes_json(changes: Iterable[Change]) -> list[Fragment]:
    """Return changes as the JSON of their records; what is the same for many is made once."""
    behind_instant = cache(_behind_instant)
    values = map(structs.astuple, changes)
    return [Fragment(b'{"at":%s,%s' % (orjson.dumps(at, option=OPT_UTC_Z), behind_instant(*rest))) for at, *rest in values]


def _behind_instant(kind: str, id: str, *others: Any) -> bytes:
    """Return the JSON of a change behind its instant."""
    around = _around_id if sum(map(len, filter(None, others))) <= 2 * LONG_NAME else _around_id.__wrapped__
    resource, rest = around(kind, *others)
    return b'%s"id":%s,%s' % (resource, dump(redact_text(id)), rest)


@lru_cache(maxsize=1_000)
def _around_id(kind: str, *others: Any) -> tuple[bytes, bytes]:
    """Return the JSON of a change between its instant and its id, and behind that."""
    resource, _, rest = dump(to_json(change(Change(EPOCH, kind, "", *others)))).partition(b'"id":"",')
    return resource.partition(b",")[2], rest


def _headers(exchange: Exchange) -> tuple[tuple[str, str], ...]:
    """Return the headers of a request in order, their names in lower case, up to MAX_HEADERS."""
    headers: list[tuple[str, str]] = []
    room = MAX_HEADERS
    for raw_name, raw_value in exchange.headers:
        if room <= 0:
            break
        name, value = raw_name.decode("latin-1").lower(), raw_value.decode("latin-1")
        kept_name, kept_value = name[:room], value[: max(0, room - len(name))]
        room -= len(name) + len(value)
        left = len(name) + len(value) - len(kept_name) - len(kept_value)
        more = f"… and {left} characters more" if left else ""
        headers.append((redact_text(kept_name), redact_header(name[:MAX_HEADERS], kept_value) + more))
    if len(headers) < len(exchange.headers):
        headers.append(("…", f"{len(exchange.headers) - len(headers)} headers more"))
    return tuple(headers)


def body(content: bytes) -> Any:
    """Return the JSON value of a body, or its text, or None; no credential can be read in it."""
    try:
        return redact_body(load(content, max_depth=DEEPEST, is_strict=False)) if content else None
    except ValueError:
        text = text_of(content)
        return f"({len(content)} bytes that are no text)" if text is None else redact_text(text)


def text_of(content: bytes) -> str | None:
    """Return the text of a body, which may end within a character; None where its bytes are no text.

    Bytes that are not in UTF-8 are replaced where the rest can be read, as in Latin-1.
    """
    encoding = detect_encoding(content)
    try:
        return getincrementaldecoder(encoding)().decode(content)
    except UnicodeDecodeError:
        return None if not encoding.startswith("utf-8") or _BINARY.search(content) else content.decode("utf-8", "replace")
