"""The context of control requests: the worlds of one server, its vendors, library and limits."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from itertools import count
from typing import TYPE_CHECKING

from emulator.delivery.carriers import Carriers
from emulator.kernel.budget import Budget, Quota
from emulator.kernel.clock import wall_now
from emulator.kernel.errors import BadInput
from emulator.kernel.limits import Limits
from emulator.kernel.past import Moment
from emulator.kernel.room import admit_resources
from emulator.kernel.world import World
from emulator.kernel.worlds import Worlds
from emulator.scenario.document import Document, JsonDict, JsonObject
from emulator.scenario.library import Library
from emulator.scenario.loader import load_document
from emulator.scenario.parameters import exactly
from emulator.scenario.resources import resources_in
from emulator.scenario.scenario import Scenario, check_count
from emulator.sdk.vendor import Vendors
from emulator.text.checkpoint import TurnLock
from emulator.web.dry_run import DryRuns
from emulator.web.expiry import Expiry
from emulator.web.guard import Guard
from emulator.web.held_requests import HeldRequests
from emulator.web.lanes import Lanes
from emulator.web.requests import quota_for_bodies
from emulator.web.routes import UNMATCHED, Routes
from emulator.web.unmatched import UnmatchedRequests

if TYPE_CHECKING:
    from emulator.control.census import Censuses
    from emulator.control.event_stream import Streams
    from emulator.scenario.watched import WatchedScenarios
    from emulator.store.values import Values
    from emulator.web.connection import App


@dataclass(eq=False)
class ControlContext:
    """The worlds, library, vendors, limits, guard, held requests and lanes of one server.

    `gateway` returns the application that serves them. `answers` is the account of those on their way, `carriers` send what is
    owed, and `expiry` drops worlds whose time is over. `operations` are the names of operations in the journal, `routes` their
    paths. `watched` are the scenarios that are read again when they change, and `sending` has one thing for each request that
    is being sent for somebody. Hold `id_lock` from taking a free id until its world is there. `started` tells this server from
    one before it.
    """

    worlds: Worlds
    library: Library
    vendors: Vendors
    limits: Limits
    guard: Guard
    held: HeldRequests
    lanes: Lanes
    unmatched: UnmatchedRequests
    routes: Routes
    answers: Quota
    carriers: Carriers
    expiry: Expiry
    watched: WatchedScenarios | None = None
    gateway: Callable[[], App] | None = None

    def __post_init__(self) -> None:
        vendors = self.vendors.values()
        self.dry_runs = DryRuns(self.worlds, self.routes, self.limits, self.answers)
        self.operations = [it.name for vendor in vendors for it in vendor.operations]
        self.operations += [f"{vendor}.{UNMATCHED}" for vendor in self.vendors]
        self.operations += [it.name for vendor in vendors for it in vendor.outboxes]
        self.arriving = quota_for_bodies(self.limits)
        self.id_lock = TurnLock()
        self.started = f"{int(wall_now().timestamp() * 1_000):x}"
        self._censuses: Censuses | None = None
        self._streams: Streams | None = None
        self.sending = set[object]()
        self._numbers = count(1)

    @cached_property
    def values(self) -> Values:
        """The writer and reader of resources in files of worlds, made for the first of them."""
        from emulator.store.values import Values

        return Values(self.vendors)

    @property
    def censuses(self) -> Censuses:
        """The census of each world, made when one is first asked for."""
        if self._censuses is None:
            from emulator.control.census import Censuses

            self._censuses = Censuses(self.vendors)
        return self._censuses

    def moment(self, world: World, name: str) -> Moment:
        """Return the moment of a name, to be looked at: nothing that the world keeps makes room for its copy.

        Raises:
            NotFound: there is none.
            OutOfReach: it is too long ago.
        """
        return world.moment(name, self.dry_runs.quota_apart())

    @property
    def streams(self) -> Streams:
        """The streams of events, made when the first is asked for."""
        if self._streams is None:
            from emulator.control.event_stream import Streams

            self._streams = Streams(self.limits.streams, self.worlds, self.answers)
        return self._streams

    def end(self) -> None:
        """End the streams: the server ends."""
        if self._streams is not None:
            self._streams.end_all()

    @property
    def bounds(self) -> tuple[Limits, Budget]:
        """The limits of a new world, and the budget that it counts in."""
        return self.limits, self.worlds.budget

    def scenario(
        self, source: str | JsonDict | Document, strict: bool = False, parameters: JsonObject | None = None
    ) -> Scenario:
        """Return the scenario of a name in the library, of a value or of a YAML document. A request cannot name a file.

        Where it is `strict`, what can have no effect is a mistake. `parameters` are values in place of its defaults.

        Raises:
            NotFound: the library has no scenario of that name.
            BadInput: it is no valid scenario, or has not all these parameters.
            TooMany: there is no room for so many resources.
        """
        settings = exactly(parameters) if parameters else None
        if isinstance(source, str):
            found = self._newest(source) if settings is None else self.library.get(source, settings)
            if strict and found.warnings:
                raise BadInput(found.warnings, found.source)
            return found
        document = source if isinstance(source, Document) else Document(source)
        if isinstance(document.value, dict):
            self.admit(document.value.get("given"), Quota(self.worlds.budget))
        budget = self.worlds.budget
        return load_document(document, self.vendors, titled=False, budget=budget, strict=strict, settings=settings)

    def _newest(self, name: str) -> Scenario:
        watched = self.watched.current(str(self.library.path(name))) if self.watched else None
        return watched or self.library.get(name)

    def follow(self, world: World, body: JsonObject, seed: int | None, claim: bool) -> None:
        """Have a world that was made as a body says begin with the newest form of its scenario, where that is watched."""
        if self.watched and isinstance(body.get("scenario"), str) and not body.get("parameters"):
            from emulator.scenario.watched import Making

            self.watched.follow(world, str(self.library.path(body["scenario"])), Making(seed, None, claim))

    def admit(self, state: object, quota: Quota) -> None:
        """Check that there is room for a state by vendor, valid or not, before it is validated.

        Raises:
            TooMany: there is no room for so many resources.
        """
        count = resources_in(state, self.vendors)
        check_count(count, self.limits)
        admit_resources(quota, count)

    def is_current(self, world: World) -> bool:
        """Tell whether a world was neither replaced nor dropped."""
        return world.id in self.worlds and self.worlds.get(world.id) is world

    def review(self, world: World) -> None:
        """See to a world that a request may have changed: release what no fault holds up any more, and send what is due.

        The caller holds the world's lock.
        """
        is_gone = not self.is_current(world)
        self.held.review(world, is_gone)
        self.carriers.review(world, is_gone)
        if world.ttl is not None:
            self.expiry.note(world)

    def next_id(self) -> str:
        """Return an id that no world has."""
        return next(id for n in self._numbers if (id := f"w{n}") not in self.worlds)
