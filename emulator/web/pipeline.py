"""The way of one request through a world: admission, checks, handler, response, entry in the journal."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from email.utils import format_datetime
from math import inf
from operator import attrgetter
from sys import getsizeof
from typing import TYPE_CHECKING, Any

from emulator.contract.evidence import grounds_of
from emulator.kernel.budget import Quota
from emulator.kernel.clock import FROZEN
from emulator.kernel.errors import TakesLong
from emulator.kernel.exchange import MAX_APPLIED_ROWS, MOST_VERDICTS, Exchange, Savepoint
from emulator.kernel.faults import BEFORE_COMMIT, DELAY, STATUS, VIRTUAL, Fault
from emulator.kernel.journal import weight_of
from emulator.kernel.limits import HTTP, MOST_READ, Limits
from emulator.kernel.machine import Answer
from emulator.kernel.replies import ScriptedReply
from emulator.kernel.resource import structs
from emulator.kernel.timeline import Reaction, react
from emulator.kernel.transaction import Transaction
from emulator.kernel.world import World
from emulator.sdk.errors import InvalidRequest
from emulator.sdk.exact_json import dump
from emulator.sdk.json_pieces import in_pieces, together
from emulator.sdk.request import Request
from emulator.sdk.response import Pieces, Response, Stream
from emulator.sdk.vendor import Operation, Vendor
from emulator.web.answers import PIECE, AnswerCharge, AnswerRoom, charge_answer
from emulator.web.calls import call_of
from emulator.web.held_requests import HeldRequests, JournalEntry
from emulator.web.requests import content_coding
from emulator.web.response import LEAST_REFUSAL, OutgoingResponse, RawHeaders
from emulator.web.scripted_responses import SCRIPTED, failure_of, reply_to, sandbox_of, scripted_answer
from emulator.web.waits import MustWait

if TYPE_CHECKING:
    from emulator.delivery.carriers import Carriers

FAILED = "failed"
"""The answer that a fault gives."""

NOT_OF_VENDORS = frozenset((SCRIPTED, FAILED))
LONG_ANSWER = 100_000
"""Bytes of memory beyond which an answer is not written on the event loop."""

_ID = attrgetter("id")
_CONTAINERS, _SMALL = frozenset((dict, list, tuple)), frozenset((int, bool, type(None)))
_PART_SIZE = 8
"""Bytes of a part of a value, besides its letters."""

Faults = tuple[Fault, ...]

ResponseValidator = Callable[[str, str, int, bytes], None]
"""Takes vendor, operation, status and body of each response; raises where it is none that the vendor could send."""


class Pipeline:
    """Carries requests out and records each exchange. `validate` gets those of vendors; `carriers` send what is due."""

    def __init__(
        self,
        held: HeldRequests,
        validate: ResponseValidator | None,
        limits: Limits,
        answers: Quota,
        carriers: Carriers | None = None,
    ) -> None:
        self.held, self.carriers = held, carriers
        self._validate, self._kept = validate, limits.journal_bytes
        self._max_response, self._answers = limits.answer, answers
        self._constant: dict[tuple[Vendor, bool], tuple[datetime, RawHeaders]] = {}

    def at_once(self, world: World, request: Request) -> OutgoingResponse:
        """Carry out a request in a world without faults, all of its way."""
        request.verdicts = ()
        return self.commit(world, request, (), (), is_admitted=False)

    def refuses(self, world: World, request: Request, is_whole: bool = True) -> bool:
        """Tell whether a request gets no further than admission, whatever its body is if not `is_whole`. Nothing happens."""
        operation, tx = request.operation, world.transaction(request.operation_name, request)
        try:
            if tx.has(ScriptedReply) and reply_to(tx, request, is_whole).reply:
                return False
            return operation is None or request.vendor.admit(tx, request, operation) is not None
        finally:
            tx.roll_back()

    def fail(self, world: World, request: Request, faults: Faults) -> OutgoingResponse:
        """Record that the last of these faults keeps a request from taking effect: it fails, or is not answered at all."""
        last = faults[-1]
        with world.transaction(request.operation_name, request) as tx:
            response = failure_of(tx, request, last) if last.do == STATUS else Response(0)
            answer = Answer(FAILED, last.place or last.id)
            outgoing = self._record(tx, world, request, answer, response, faults, (last,))
        return structs.replace(outgoing, status=response.status or 500, faults=(last,))

    def commit(self, world: World, request: Request, early: Faults, late: Faults, is_admitted: bool) -> OutgoingResponse:
        """Let a request take effect. A virtual delay in a frozen world has passed when the client has its response."""
        left = tuple([fault for fault in late if fault.where != BEFORE_COMMIT]) if late else late
        is_frozen = world.clock.rate == FROZEN
        jumps = tuple([fault for fault in left if is_frozen and fault.do == DELAY and fault.clock == VIRTUAL]) if left else left
        left = tuple([fault for fault in left if fault not in jumps]) if jumps else left
        request.request_id = None  # one from before is of a transaction that was rolled back
        with world.transaction(request.operation_name, request) as tx:
            tx.unread = MOST_READ if request.is_on_loop else inf
            answer, response = _answer(tx, request, is_admitted)
            if request.waits_for and not request.has_waited and self.carriers is not None:
                raise MustWait
            is_followed = tx.has(Reaction) and react(tx, call_of(request), response.status, world.journal.last + 1)
            if left and left[-1].do == STATUS:
                response = failure_of(tx, request, left[-1])
            outgoing = self._record(tx, world, request, answer, response, early + late, left)
        if is_followed:
            world.settle()
        if jumps:
            self.held.jump(world, jumps)
        if self.carriers is not None and (world.rules.carrier == HTTP or (world.receivers and not is_frozen)):
            self.carriers.review(world)
        if left:
            request.body, request.call, request.in_flight = b"", None, ()  # or they are kept while those hold the response up
        return structs.replace(outgoing, faults=left) if left else outgoing

    def begin(self, world: World, request: Request) -> None:
        """Let a request take effect as far as it must before what it waits for."""
        request.savepoint = request.savepoint or world.savepoint()
        with world.transaction(request.operation_name, request) as tx:
            _answer(tx, request, is_admitted=True)
        world.journal.extend(tx.changes)
        request.has_waited = True

    def _record(
        self, tx: Transaction, world: World, request: Request, answer: Answer, response: Response, faults: Faults, left: Faults
    ) -> OutgoingResponse:
        """Add the exchange to the journal and return its response. Of its faults, those that are `left` strike it."""
        tx.charge()  # where there is no room, there is no entry
        n, kept = world.journal.last + 1, self._kept
        content, charge = self._content(request, response.body)
        if request.method == "HEAD" and isinstance(content, Stream):
            content, charge = Stream(content.length, iter(())), None
        body = b"" if isinstance(content, Stream) else content
        basis, also = grounds_of(request.vendor, answer.name, answer.evidence, answer.also, answer.assumption)
        is_own = answer.name not in NOT_OF_VENDORS and not (left and STATUS in [fault.do for fault in left])
        headers = self._headers(tx, request, response, n) + ([] if is_own else sandbox_of(request.raw_headers))
        if is_own and request.operation is None and not request.verbs:
            headers.append((b"emulator-error", b"no-such-path"))
        if is_own and response.status >= LEAST_REFUSAL and content_coding(request.raw_headers, request.body):
            headers.append((b"emulator-error", b"compressed-body"))
        if world.rules.provenance:
            headers.append((b"emulator-exchange", place_in(world, n)))
            if is_own:
                headers.append((b"emulator-basis", basis.encode()))
            headers += [(b"emulator-fault", fault.id.encode()) for fault in faults] if faults else ()
        if self._validate is not None and is_own:
            self._validate(request.vendor.name, tx.why, response.status, body)
        cut, request_body, response_body = len(request.body) > kept, request.body[:kept], body[:kept]
        changes, rows = tuple(tx.changes), tuple(tx.applied_rows[:MAX_APPLIED_ROWS])
        size = weight_of((request.target, request_body, response_body), request.raw_headers, changes, rows + request.verdicts)
        exchange = Exchange(
            tx.now, request.savepoint or Savepoint(tx.now, n - 1, world.history.count), tx.why, request.method, request.target,
            request_body, answer.name, answer.evidence, answer.assumption.id if answer.assumption else None,
            basis if is_own else None, response.status, response_body, changes, rows, tuple(map(_ID, tx.consulted)),
            request.credential, tuple(map(Fault.hit, faults)), not left or _delivered(left), cut, request.raw_headers, also,
            request.verdicts[:MOST_VERDICTS], world.quota.keep(size),
        )  # fmt: skip
        world.journal.add(exchange)
        return OutgoingResponse(response.status, headers, content, (), JournalEntry(world, n, exchange), None, charge)

    def _content(self, request: Request, body: Any) -> tuple[bytes | Stream, AnswerCharge | None]:
        """Return the content of a response, and its charge where it is long.

        Raises:
            TakesLong: it may be long, and the request is carried out on the event loop.
            TooMany: it is longer than any answer may be, or has no room beside others.
        """
        is_made = body is None or isinstance(body, bytes)
        if is_made or not (isinstance(body, (Stream, Pieces)) or is_heavier(body, LONG_ANSWER)):
            content = (body or b"") if is_made else dump(body)
            return content, charge_answer(self._answers, len(content)) if len(content) > PIECE else None
        if request.is_on_loop:
            raise TakesLong
        if isinstance(body, Stream):
            return body, None
        room = AnswerRoom(self._answers, self._max_response)
        if not isinstance(body, Pieces):
            return b"".join(together(in_pieces(body), room)), room.charge_when_made()
        joined = together(body.make(AnswerRoom(self._answers, self._max_response)), room)
        return Stream(sum(map(len, joined)), iter(joined)), room.charge_when_made()

    def _headers(self, tx: Transaction, request: Request, response: Response, n: int) -> RawHeaders:
        """Return the world's date, what the vendor always sends, and what this response adds or replaces."""
        vendor, has_type = request.vendor, response.body is not None and "content-type" not in response.headers
        headers = self._constant_headers(tx.now, vendor, has_type) + encoded(
            vendor.response_headers(tx, request, vendor.exchange_id(tx.seed, n))
        )
        if own := encoded(response.headers) if response.headers else []:
            replaced = {name for name, _ in own}
            headers = [it for it in headers if it[0].lower() not in replaced] + own
        return headers

    def _constant_headers(self, now: datetime, vendor: Vendor, has_type: bool) -> RawHeaders:
        """Return the headers that are the same for all responses of a vendor at an instant, with or without the usual type."""
        made = self._constant.get((vendor, has_type))
        if made is None or made[0] != now:
            media_type = [(b"content-type", vendor.media_type.encode())] if has_type else []
            date = (b"date", format_datetime(now, usegmt=True).encode())
            self._constant[vendor, has_type] = made = now, [date, *media_type, *vendor.constant_headers]
        return made[1]


def _answer(tx: Transaction, request: Request, is_admitted: bool) -> tuple[Answer, Response]:
    """Return the answer to a request and its response: the scenario's, or else the vendor's."""
    vendor, operation, cite = request.vendor, request.operation, None
    if tx.has(ScriptedReply) and (scripted := scripted_answer(tx, request)):
        return scripted
    if operation is None:
        answer = _attributed(vendor, vendor.unmatched(tx, request, request.verbs))
    elif not is_admitted and (refusal := vendor.admit(tx, request, operation)):
        answer = _attributed(vendor, refusal)
    else:
        answer, cite = carry_out(vendor, tx, request, operation), vendor.cite
    response = vendor.renderers[answer.name](tx, request, answer.subject)
    if operation and cite:
        answer = cite(tx, request, operation, answer)
    if tx.consulted and answer.assumption is None:
        departure = next((it for it, choice in tx.consulted.items() if choice != it.choices[0]), None)
        answer = structs.replace(answer, assumption=departure) if departure else answer
    return answer, response


def carry_out(vendor: Vendor, tx: Transaction, request: Request, operation: Operation) -> Answer:
    """Return the answer of the first check that has one, or else of the handler."""
    try:
        answer = first_check(tx, request, operation) or operation.handler(tx, request)
    except InvalidRequest as error:
        answer = error.answer
    return _attributed(vendor, answer)


def first_check(tx: Transaction, request: Request, operation: Operation) -> Answer | None:
    """Return the answer of the limit, which counts the request, or the first check that has one; None where all let it pass."""
    if operation.limit is not None:
        if isinstance(counted := operation.limit(tx, request), Answer):
            return counted
        tx.put(counted)
    for check in operation.checks:
        if (answer := check(tx, request)) is not None:
            return answer
    return None


def _attributed(vendor: Vendor, answer: Answer) -> Answer:
    """Return the answer with the assumption that decides it: its own, else that of its name, else that of its row."""
    if answer.assumption is not None:
        return answer
    decider = vendor.deciders.get(answer.name) or (answer.row.decided_by if answer.row else None)
    return structs.replace(answer, assumption=decider) if decider else answer


def place_in(world: World, n: int) -> bytes:
    """Return the name of an exchange, as a header has it."""
    return f"{world.id}/{n}".encode()


def _delivered(faults: Faults) -> bool | None:
    """Tell whether faults let the client have the vendor's own answer, whole; None where that takes real time."""
    if not all(fault.preserves_response for fault in faults):
        return False
    return None if any(fault.takes_real_time for fault in faults) else True


def encoded(headers: Mapping[str, str]) -> RawHeaders:
    """Return headers as they go over the wire."""
    return [(name.encode("latin-1"), value.encode("latin-1", "replace")) for name, value in headers.items()]


def is_heavier(value: Any, most: int) -> bool:
    """Tell whether a JSON value takes more bytes than so many, near enough. What follows then is not looked at."""
    size = 0
    waiting: list[Any] = [(value,)]
    for parts in waiting:
        size += _PART_SIZE * len(parts)
        if isinstance(parts, dict):
            size += sum(map(len, parts))
            parts = parts.values()
        for part in parts:
            kind = part.__class__
            if kind is str:
                size += len(part)
            elif kind in _CONTAINERS:
                waiting.append(part)
            elif kind not in _SMALL:
                size += getsizeof(part)
        if size > most:
            return True
    return False
