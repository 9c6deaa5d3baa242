"""What is known of a request that changed nothing: all of its exchange but the number, for as long as its world is the same."""

from __future__ import annotations

from datetime import datetime

from emulator.kernel.exchange import Exchange, Savepoint
from emulator.kernel.history import Commit
from emulator.kernel.limits import Rules
from emulator.kernel.machine import Answer
from emulator.kernel.resource import Struct, structs
from emulator.kernel.room import make_room
from emulator.kernel.tallies import put_tally
from emulator.kernel.transaction import Transaction
from emulator.kernel.world import World
from emulator.sdk.request import Request
from emulator.sdk.response import Stream
from emulator.sdk.vendor import Limit
from emulator.web.access_log import ERROR
from emulator.web.held_requests import JournalEntry
from emulator.web.pipeline import place_in
from emulator.web.response import LEAST_REFUSAL, OutgoingResponse, header_lines

WorldState = tuple[int, datetime, str, int, Rules, frozenset[str], int]
"""All that answers in a frozen world depend on, who receives for a client among it, at last the version of its tallies.

Where it is the same, so are they.
"""


def state_of(world: World) -> WorldState:
    """Return the state of a world whose clock stands still."""
    version, tally_version = world.store.versions
    return version, world.clock.base, world.id, world.seed, world.rules, world.receivers, tally_version


LONGEST_KNOWN = 16_384
"""Bytes of a request's body and its response's together up to which they are kept with its plan."""


LOOKED_AT = frozenset((b"connection", ERROR))
"""Headers that somebody looks at after the response is made, whose responses are not kept."""


class Known(Struct, frozen=True):
    """The outcome of a request that changed nothing but tallies, which an equal one has again while its world stays as it is.

    `state` is that of the world then, where nothing is due, since nothing was when the request was answered. A request with a
    `limit` is counted by it, which must let it pass again; for any other, the tallies have to be as they were. `size` counts
    the bytes that each such exchange takes in the journal. `lines` are the headers as HTTP/1.1 writes them, with `%(id)s` and
    `%(place)s` for the exchange's id and place, in which alone its number stands.
    """

    request: Request
    state: WorldState
    limit: Limit | None
    exchange: Exchange
    size: int
    lines: bytes
    content: bytes

    def fits(self, world: World) -> bool:
        """Tell whether a world is in the same state, but for the tallies where there is a limit."""
        state = state_of(world)
        return self.state == state or (self.limit is not None and self.state[:-1] == state[:-1])

    def repeat(self, world: World) -> OutgoingResponse | None:
        """Record it once more, in a world of the same state; None where it is refused this time, or has no room."""
        response = self._record(world) if self.limit is None else self._count(world, self.limit)
        make_room(world)
        return response

    def _count(self, world: World, limit: Limit) -> OutgoingResponse | None:
        """Count and record it, which is what its transaction would do; None, and nothing happens, where it may not pass."""
        at, why, request = self.exchange.at, self.exchange.operation, self.request
        counted = limit(Transaction(world, at, why, context=request), request)
        change = None if isinstance(counted, Answer) else put_tally(world, counted)
        if change is None:
            return None
        response, n = self._record(world), world.journal.last
        world.history.add(Commit(at, why, n - 1, n, (change,), {}))
        return response

    def _record(self, world: World) -> OutgoingResponse:
        """Add the exchange to the journal, under the next number, and return its response."""
        n, first = world.journal.last + 1, self.exchange
        savepoint, charge = Savepoint(first.at, n - 1, world.history.count), world.quota.keep(self.size)
        exchange = structs.replace(first, savepoint=savepoint, charge=charge)
        world.journal.add(exchange)
        numbered = {b"id": self.request.vendor.exchange_id(world.seed, n).encode(), b"place": place_in(world, n)}
        entry = JournalEntry(world, n, exchange)
        return OutgoingResponse(first.status, [], self.content, (), entry, written=self.lines % numbered)

    @classmethod
    def of(cls, request: Request, response: OutgoingResponse) -> Known | None:
        """Return what a request that put no more than tallies has come to; None where it minted ids, or is not kept."""
        entry, content = response.entry, response.content
        if entry is None or isinstance(content, Stream) or request.request_id is not None:
            return None
        world, n = entry.world, entry.n
        _, commit = world.history.mark()
        limit = None
        if commit is not None and commit.exchange == n:
            limit = _limit_of(request, commit)
            if limit is None or response.status >= LEAST_REFUSAL:
                return None
        if len(content) + len(request.body) > LONGEST_KNOWN or any(name in LOOKED_AT for name, _ in response.headers):
            return None
        charge, exchange = entry.exchange.charge, structs.replace(entry.exchange, charge=None)
        size = charge.size if charge else 0
        numbered = {request.vendor.exchange_id(world.seed, n).encode(): b"%(id)s", place_in(world, n): b"%(place)s"}
        lines = header_lines([(_escaped(name), numbered.get(value) or _escaped(value)) for name, value in response.headers])
        return cls(request, state_of(world), limit, exchange, size, lines, content)


def _escaped(text: bytes) -> bytes:
    return text.replace(b"%", b"%%")


def _limit_of(request: Request, commit: Commit) -> Limit | None:
    """Return the limit that made all of the change of a request."""
    is_alone = len(commit.changed_resources) == 1 and not commit.counters
    return request.operation.limit if is_alone and request.operation is not None else None
