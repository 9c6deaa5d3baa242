"""The journal entry of an exchange, and its reply made ready to go out."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from datetime import datetime
from email.utils import format_datetime
from typing import Any

from emulator.contract.evidence import grounds_of
from emulator.kernel.budget import Charge
from emulator.kernel.faults import STATUS, Fault
from emulator.kernel.journal import MAX_APPLIED_ROWS, Checkpoint, Exchange
from emulator.kernel.transaction import Transaction
from emulator.kernel.world import World
from emulator.sdk.exact_json import dump
from emulator.sdk.request import Request
from emulator.sdk.response import Answer, Response, Stream
from emulator.web.answers import FAILED, SCRIPTED
from emulator.web.held_requests import JournalEntry
from emulator.web.requests import content_coding
from emulator.web.response import OutgoingResponse, RawHeaders
from emulator.web.routes import Route

ResponseValidator = Callable[[str, str, int, bytes], None]
"""Is shown (vendor, operation, status, body) of each reply and raises when it is not one that the vendor could give."""

REFUSED = 400
"""The least status of a refusal."""

NO_VENDORS = frozenset((SCRIPTED, FAILED))
"""Answers that are not the vendor's own."""


class Recorder:
    """Records exchanges, at most `kept` bytes of each body. The judge sees every answer that is the vendor's own."""

    def __init__(self, judge: ResponseValidator | None, kept: int) -> None:
        self._judge = judge
        self._kept = kept
        self._date: tuple[datetime | None, bytes] = (None, b"")

    def record(
        self,
        tx: Transaction,
        world: World,
        route: Route,
        request: Request,
        answer: Answer,
        response: Response,
        faults: tuple[Fault, ...] = (),
        over: Collection[str] = (),
    ) -> OutgoingResponse:
        """Add the exchange to the journal and return its reply. The faults whose ids are `over` spare it."""
        n, kept = world.journal.last + 1, self._kept
        content = _content(response.body)
        if request.method == "HEAD" and isinstance(content, Stream):
            content = content._replace(chunks=iter(()))
        basis, also = grounds_of(route.vendor.name, answer.name, answer.evidence, answer.also, answer.assumption)
        headers = self._headers(tx, route, request, response, n)
        notes = tuple(fault.hit() for fault in faults)
        left = [fault for fault in faults if fault.id not in over]
        own = answer.name not in NO_VENDORS and not any(fault.do == STATUS for fault in left)
        if own and response.status >= REFUSED and content_coding(request.raw_headers, request.body):
            headers.append((b"emulator-error", b"compressed-body"))
        if world.rules.provenance:
            headers.append((b"emulator-exchange", f"{world.id}/{n}".encode()))
            if own:
                headers.append((b"emulator-basis", basis.encode()))
            if notes:
                headers += [(b"emulator-fault", note.id.encode()) for note in notes]
        if self._judge is not None and own:
            self._judge(route.vendor.name, tx.why, response.status, b"" if isinstance(content, Stream) else content)
        cut = len(request.body) > kept or (request.reader is not None and request.body != b"")
        asked, shown = request.body[:kept], b"" if isinstance(content, Stream) else content[:kept]
        changes, steps = tuple(tx.changes), tuple(tx.applied_rows[:MAX_APPLIED_ROWS])
        size = Exchange.weight((request.target, asked, shown), request.raw_headers, changes, steps)
        checkpoint = request.checkpoint or Checkpoint(tx.now, n - 1, world.history.count)
        exchange = Exchange(
            tx.now, checkpoint, tx.why, request.method, request.target, asked,
            answer.name, answer.evidence, answer.assumption, basis if own else None,
            response.status, shown, changes, steps, tuple(tx.consulted), request.credential,
            notes, _delivered(left), cut, request.raw_headers, also, Charge(world.quota, size),
        )  # fmt: skip
        world.journal.add(exchange)
        return OutgoingResponse(response.status, headers, content, (), JournalEntry(world, n, exchange))

    def _headers(self, tx: Transaction, route: Route, request: Request, response: Response, n: int) -> RawHeaders:
        """The world's date, what the vendor always sends, and what this reply adds or replaces."""
        headers = [(b"date", self._date_of(tx.now))]
        if response.body is not None and "content-type" not in response.headers:
            headers.append((b"content-type", route.vendor.media_type.encode()))
        headers += route.vendor.constant_headers
        headers += _encoded(route.vendor.response_headers(tx, request, n))
        headers += _encoded(response.headers)
        if route.operation is None and not route.verbs:
            headers.append((b"emulator-error", b"no-such-path"))
        return headers

    def _date_of(self, now: datetime) -> bytes:
        known = self._date
        if known[0] != now:
            self._date = known = now, format_datetime(now, usegmt=True).encode()
        return known[1]


def _delivered(faults: Iterable[Fault]) -> bool | None:
    """Tell whether faults let the client have the vendor's own answer, whole; None where that takes real time."""
    return not any(it.takes_real_time for it in faults) or None if all(it.preserves_response for it in faults) else False


def _encoded(headers: Mapping[str, str]) -> RawHeaders:
    return [(name.encode("latin-1"), value.encode("latin-1", "replace")) for name, value in headers.items()]


def _content(body: Any) -> bytes | Stream:
    if isinstance(body, (bytes, Stream)):
        return body
    return b"" if body is None else dump(body)
