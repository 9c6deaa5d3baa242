"""What the control plane steers: the worlds of one server, and what there is to choose from."""

from __future__ import annotations

from threading import Lock, RLock
from typing import Any

from emulator.control.serializers import world_to_json
from emulator.kernel.budget import Budget, Quota
from emulator.kernel.limits import Limits
from emulator.kernel.room import admit
from emulator.kernel.world import World
from emulator.kernel.worlds import Worlds
from emulator.scenario.document import Document
from emulator.scenario.library import Library
from emulator.scenario.loader import load_document
from emulator.scenario.scenario import Scenario, resources_in
from emulator.sdk.vendor import Vendors
from emulator.web.dry_run import DryRuns
from emulator.web.guard import Guard
from emulator.web.held_requests import HeldRequests
from emulator.web.lanes import Lanes
from emulator.web.requests import quota_for_bodies
from emulator.web.routes import UNMATCHED, Routes
from emulator.web.unmatched import UnmatchedRequests


class ControlContext:
    """Worlds, library, vendors, limits, guard, held requests and lanes of one server, and its dry runs.

    Whoever asks for the next free id holds `making`. `operations` are the names by which the journal calls what clients ask,
    `routes` the paths at which they do.
    """

    def __init__(
        self,
        worlds: Worlds,
        library: Library,
        vendors: Vendors,
        limits: Limits,
        guard: Guard,
        held: HeldRequests,
        lanes: Lanes,
        unmatched: UnmatchedRequests,
        routes: Routes,
    ) -> None:
        self.worlds = worlds
        self.library = library
        self.vendors = vendors
        self.limits = limits
        self.guard = guard
        self.held = held
        self.lanes = lanes
        self.unmatched = unmatched
        self.routes = routes
        self.dry_runs = DryRuns(worlds, routes, limits)
        self.operations = [it.name for vendor in vendors.values() for it in vendor.operations]
        self.operations += [f"{vendor}.{UNMATCHED}" for vendor in vendors]
        self.arriving = quota_for_bodies(limits)
        self.making = RLock()
        self._reading = Lock()
        self._made = 0

    @property
    def bounds(self) -> tuple[Limits, Budget]:
        """The bounds of a new world, and the budget in which it counts."""
        return self.limits, self.worlds.budget

    def scenario(self, written: str | dict[str, Any] | Document) -> Scenario:
        """The scenario of a name in the library, of a value or of a YAML document. A request cannot name a file.

        Raises:
            NotFound: the library has none of that name.
            BadInput: it is no scenario, and why.
            TooMany: there is no room for so many resources.
        """
        if isinstance(written, str):
            with self._reading:
                return self.library.get(written)
        document = written if isinstance(written, Document) else Document(written)
        if isinstance(document.value, dict):
            self.admit(document.value.get("given"), Quota(self.worlds.budget))
        return load_document(document, self.vendors, titled=False, budget=self.bounds[1])

    def admit(self, state: object, account: Quota) -> None:
        """Make sure that there is room for a state by vendor, whatever else is wrong with it, before it is looked at closely.

        Raises:
            TooMany: there is no room for so many resources.
        """
        admit(account, resources_in(state, self.vendors))

    def release(self, world: World) -> None:
        """Lets go the requests that nothing holds up any more after a world was steered. Whoever calls holds its lock."""
        self.held.review(world, gone=world.id not in self.worlds or self.worlds.get(world.id) is not world)

    def shown(self, world: World, base_url: str) -> dict[str, Any]:
        """A world, and what its clients need to reach it."""
        with world.lock:
            return world_to_json(world, self.vendors, base_url)

    def next_id(self) -> str:
        """An id that no world has yet."""
        self._made += 1
        while f"w{self._made}" in self.worlds:
            self._made += 1
        return f"w{self._made}"
