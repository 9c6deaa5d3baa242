"""The dry run: a request goes its way on a copy of a world, at once, and the world itself stays as it is."""

from __future__ import annotations

from typing import NamedTuple

from emulator.kernel.budget import Budget, Quota
from emulator.kernel.clock import FROZEN
from emulator.kernel.errors import BadInput, Conflict, TooLarge
from emulator.kernel.limits import Limits
from emulator.kernel.resource import structs
from emulator.kernel.world import World
from emulator.kernel.worlds import Worlds
from emulator.sdk.request import Request
from emulator.sdk.response import Stream
from emulator.web.connection import InstantConnection, run_sync
from emulator.web.delays import FaultDelays
from emulator.web.fault_effects import record_delivery
from emulator.web.faulted_request import FaultedRequest
from emulator.web.held_requests import HeldRequests
from emulator.web.lanes import NoLanes
from emulator.web.pipeline import Pipeline
from emulator.web.requests import body_hint, check_values
from emulator.web.response import OutgoingResponse
from emulator.web.routes import Routes
from emulator.web.unmatched import no_such_path
from emulator.web.vendor_plane import world_of

TOO_MUCH_FOLLOWS = "more follows from this request than the {} entries that the journal keeps: {}"


class DryRun(NamedTuple):
    """The outcome: the copy, the number of the exchange there, the response, and the id of the world it really picks."""

    world: World
    n: int
    response: OutgoingResponse
    picked: str | None


class DryRuns:
    """Tries requests on copies of the worlds of one server."""

    def __init__(self, worlds: Worlds, routes: Routes, limits: Limits, answers: Quota) -> None:
        self._worlds = worlds
        self._routes = routes
        self._limits = limits
        self._held = HeldRequests()
        self._budget = Budget(limits.memory // 2)  # of all copies that are made apart
        self._pipeline = Pipeline(self._held, None, limits, answers)

    def quota_apart(self) -> Quota:
        """Return a quota for a copy whose memory counts apart: nothing that a world keeps makes room for it or its copies."""
        return Quota(self._budget)

    def copy_apart(self, world: World) -> World:
        """Return such a copy."""
        return world.copy(self.quota_apart())

    def run(self, world: World, request: Request) -> DryRun:
        """Try a request on a copy of this world. The real time that a fault would take does not pass.

        A stream that is longer than a request's body may be is left out.

        Raises:
            BadInput: no vendor has the path.
            TooLarge: the body is, for the operation.
            TooMany: the world has no room for what the request would add.
            Conflict: more follows from it than the journal keeps.
        """
        route = self._routes.find(request.method, request.path, request.raw_headers)
        if route is None:
            raise BadInput.at(no_such_path(self._routes, request), "url")
        route.apply(request)
        limit = self._limits.body
        if route.operation and route.operation.reader:
            request.reader = route.operation.reader()
            limit = min(request.reader.limit, self._limits.upload)
        if len(request.body) > limit:
            raise TooLarge(limit, body_hint(self._limits, limit))
        if request.reader is None:
            check_values(request.body, self._limits)
        else:
            request.reader.feed(request.body)
            request.body = request.body[: self._limits.journal_bytes + 1]
        twin = world.copy()
        twin.clock.set_rate(FROZEN)  # or the time of a virtual delay would really have to pass
        connection = InstantConnection()
        delays = FaultDelays(self._held, twin, request, connection, self._limits.hang_seconds)
        response = run_sync(FaultedRequest(self._pipeline, twin, request, delays).answer())
        assert response is not None  # noqa: S101  nobody else knows the copy, and so nobody resets it
        run_sync(record_delivery(response, connection, NoLanes()))
        if not (newest := twin.journal.newest_exchanges(1)):
            raise Conflict(TOO_MUCH_FOLLOWS.format(self._limits.journal, self._limits.more("journal")))
        content = response.content
        if isinstance(content, Stream):
            content = b"".join(content.chunks) if content.length <= self._limits.body else b""
        picked = world_of(self._worlds, request)
        return DryRun(twin, newest[0][0], structs.replace(response, content=content), picked.id if picked else None)
