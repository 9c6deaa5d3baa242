"""The plan of a request: all that its head alone decides, made once for each head, and the memory of plans."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from datetime import datetime
from typing import Any

from emulator.kernel.budget import Charge
from emulator.kernel.exchange import Exchange, Savepoint
from emulator.kernel.limits import Rules
from emulator.kernel.resource import Struct, field, structs
from emulator.kernel.transaction import Transaction
from emulator.kernel.world import World
from emulator.sdk.errors import InvalidRequest
from emulator.sdk.request import Request, read_request, values_of
from emulator.sdk.response import Stream
from emulator.web.connection import Scope
from emulator.web.guard import NO_SOCKET, Guard, Rejection, has_long_head
from emulator.web.held_requests import JournalEntry
from emulator.web.origin import AUTHORITY
from emulator.web.pipeline import encoded, first_check, place_in
from emulator.web.requests import declared_length, with_plain_letters
from emulator.web.response import LEAST_REFUSAL, OutgoingResponse, RawHeaders
from emulator.web.routes import Route, Routes

_SAID = ("method", "path", "raw_path", "query_string", "headers")


UNREAD = read_request("GET", "/")
"""The request of a plan that rejects what it has not read."""


WorldState = tuple[int, datetime, str, int, Rules, int]
"""All that answers in a frozen world depend on, at last the version of its tallies: where it is the same, so are they."""


def state_of(world: World) -> WorldState:
    """Return the state of a world whose clock stands still."""
    version, tally_version = world.store.versions
    return version, world.clock.base, world.id, world.seed, world.rules, tally_version


LONGEST_KNOWN = 16_384
"""Bytes of a request's body and its response's together up to which they are kept with its plan."""


class Known(Struct, frozen=True):
    """The outcome of a request that changed nothing but tallies, which an equal one has again while its world stays as it is.

    `state` is that of the world then. Where `is_tallied`, a check has counted it, and must let it pass again; otherwise the
    tallies have to be as they were. `size` counts the bytes that each such exchange takes in the journal. `places` are the
    indexes of the headers by name, of which each time some have another value.
    """

    request: Request
    state: WorldState
    is_tallied: bool
    exchange: Exchange
    size: int
    headers: RawHeaders
    places: Mapping[bytes, int]
    content: bytes

    def fits(self, state: WorldState) -> bool:
        """Tell whether a world is in the same state, but for tallies of such requests."""
        return self.state == state or (self.is_tallied and self.state[:-1] == state[:-1])

    def passes(self, tx: Transaction) -> bool:
        """Tell whether the request gets as far as the handler of its operation."""
        request, operation = self.request, self.request.operation
        if operation is None or request.vendor.admit(tx, request, operation) is not None:
            return False
        try:
            return first_check(tx, request, operation) is None
        except InvalidRequest:
            return False

    def repeat(self, world: World) -> OutgoingResponse | None:
        """Record it once more, in a world of the same state; None where it is refused this time."""
        n, request = world.journal.last + 1, self.request
        with world.transaction(self.exchange.operation, request) as tx:
            if self.is_tallied and not self.passes(tx):
                tx.roll_back()
                return None
            tx.charge()
            own = [*encoded(request.vendor.response_headers(tx, request, n)), (b"emulator-exchange", place_in(world, n))]
            savepoint = Savepoint(tx.now, n - 1, world.history.count)
            exchange = structs.replace(self.exchange, savepoint=savepoint, charge=Charge(world.quota, self.size))
            world.journal.add(exchange)
        headers = self.headers.copy()
        for header in own:
            if (place := self.places.get(header[0])) is not None:
                headers[place] = header
        return OutgoingResponse(exchange.status, headers, self.content, (), JournalEntry(world, n, exchange))

    @classmethod
    def of(cls, request: Request, response: OutgoingResponse) -> Known | None:
        """Return what a request that put no more than tallies has come to; None where it minted ids, or is not kept."""
        entry, content = response.entry, response.content
        if entry is None or isinstance(content, Stream) or request.request_id is not None:
            return None
        _, commit = entry.world.history.mark()
        is_tallied = commit is not None and commit.exchange == entry.n
        if commit and is_tallied and (response.status >= LEAST_REFUSAL or commit.counters):
            return None
        if len(content) + len(request.body) > LONGEST_KNOWN:
            return None
        charge, exchange = entry.exchange.charge, structs.replace(entry.exchange, charge=None)
        size = charge.size if charge else 0
        places = {name: place for place, (name, _) in enumerate(response.headers)}
        return cls(request, state_of(entry.world), is_tallied, exchange, size, response.headers, places, content)


class Plan(Struct, eq=False):
    """A request is rejected, or takes its `route`, None where there is none, as this one without its body.

    `values` are those of the request's fields. A plan that `lasts` is the same for every request with this head, and its
    `scope` has what that says. `is_long` tells whether it takes long to read. `size` is that of its body in bytes where a
    request with this head may be answered at once, None where it may not. `known` is what the newest with this head came to,
    where that changed nothing.
    """

    is_long: bool = False
    rejection: Rejection | None = None
    route: Route | None = None
    request: Request = field(default_factory=lambda: UNREAD)
    lasts: bool = False
    values: tuple[Any, ...] = ()
    size: int | None = None
    scope: Scope = field(default_factory=dict)
    known: Known | None = None


MOST_PLANS = 500
"""Plans that are remembered."""

MOST_BYTES, MOST_LINES = 4_000, 50
"""Bytes as they came, and lines, of a head whose plan is remembered, so that this takes a few kilobytes."""


class Plans:
    """Makes plans, and remembers the newest that last, each under all that a head says."""

    def __init__(self, guard: Guard, routes: Routes) -> None:
        self._guard = guard
        self._routes = routes
        self._known: dict[Hashable, Plan] = {}
        self.known = self._known.get

    def make(self, scope: Scope) -> Plan:
        """Return the plan of a request; note in its scope how the client reached the server."""
        is_long = has_long_head(scope)
        if rejection := self._guard.check(scope):
            return Plan(is_long, rejection)
        path = path_of(scope)
        route = self._routes.find(scope["method"], path, scope["headers"])
        query = scope["query_string"].decode("latin-1")
        request = read_request(scope["method"], path, query, scope["headers"], b"", scope["scheme"])
        request.authority = scope.get(AUTHORITY)
        if route is not None:
            route.apply(request)
        lasts = route is not None and route.operation is not None and not is_long and AUTHORITY not in scope
        is_whole = lasts and request.method != "HEAD" and request.operation is not None and request.operation.reader is None
        size = declared_length(scope["headers"]) or 0 if is_whole else None
        said = {name: scope[name] for name in _SAID if name in scope} if lasts else {}
        return Plan(is_long, None, route, request, lasts, values_of(request), size, said)

    def keep(self, head: Hashable, plan: Plan, size: int = 0) -> None:
        """Remember a plan, if it lasts unless its head is long: of so many bytes, or with many lines."""
        if plan.lasts and size <= MOST_BYTES and len(plan.request.raw_headers) <= MOST_LINES:
            if len(self._known) >= MOST_PLANS:
                self._known.clear()
            self._known[head] = plan


def head_of(scope: Scope) -> Hashable:
    """Return all that the head of a request says: requests with equal ones have the same plan."""
    path = scope.get("raw_path") or scope["path"]
    way = scope["scheme"], scope["http_version"], scope.get("client") is NO_SOCKET
    return scope["method"], path, scope["query_string"], *way, *map(tuple, scope["headers"])


def path_of(scope: Scope) -> str:
    """Return the path of a request without needless percent-encoding."""
    return with_plain_letters((scope.get("raw_path") or scope["path"].encode()).decode("latin-1"))
