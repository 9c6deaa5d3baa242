"""The handle of one world: load a scenario, move its clock, read and change its state, read its journal."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property, partial
from http import HTTPStatus
from itertools import count
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any
from weakref import WeakValueDictionary

from emulator.client.clock import Clock
from emulator.client.environment import env
from emulator.client.explore_mixin import ExploreMixin
from emulator.client.interference import InterferenceMixin
from emulator.client.journal import Journal
from emulator.client.json_encoding import Duration, plain, without_none
from emulator.client.scenarios import EMPTY, MissingFile, ScenarioLike, beginning, scenario_to_send
from emulator.client.server import ControlError, EmulatorServer
from emulator.client.snapshots import SnapshotMixin
from emulator.client.state import State
from emulator.client.views import Serpwow, SixDot50, Stripe, VendorView
from emulator.client.world_files import WorldFileMixin
from emulator.scenario.document import JsonObject
from emulator.scenario.parameters import Settings, exactly
from emulator.sdk import Vendor

if TYPE_CHECKING:
    from requests.adapters import BaseAdapter

    from emulator.client.aio import AsyncEmulator
    from emulator.client.transport import InProcess

SAME_TIME = "runs at the same time need -n (pytest-xdist), with which their worlds have names of their own"

_numbers = count()
_living: WeakValueDictionary[int, Emulator] = WeakValueDictionary()
_listing = Lock()
"""Guards the handles that are not closed."""


def open_emulators() -> list[Emulator]:
    """Return every handle in this process that is not closed, in the order in which they were made."""
    with _listing:
        return [it for _, it in sorted(_living.items())]


class Emulator(SnapshotMixin, ExploreMixin, InterferenceMixin, WorldFileMixin):
    """A world of one's own. Use as a context: it is dropped at the end.

    `scenario` is what it begins with, nothing if left out, and `parameters` are values of its parameters, by name, in place of
    their defaults; `seed` decides, with the world's id, every id and credential.
    Where it has a `ttl`, such as "2h", a server drops it that was asked nothing of it for so long.
    `server` is where the world lives; left out, it is the one at EMULATOR_URL, or else a new one in this process that ends
    with the context. Without an `id` the server chooses one. A file of a scenario that is given by a relative path, here or
    to `load`, is looked for in `folders`, in order, and then in the current one.

    Raises:
        ControlError: the scenario has mistakes or not these parameters, there is none of that name, or the id is another
            world's.
    """

    def __init__(
        self,
        scenario: ScenarioLike | None = None,
        *,
        seed: int | None = None,
        server: EmulatorServer | None = None,
        id: str | None = None,
        folders: Sequence[Path] = (),
        parameters: JsonObject | None = None,
        ttl: Duration | None = None,
    ) -> None:
        self._folders = folders
        self._server = server or EmulatorServer(env("EMULATOR_URL"))
        self._exits = [] if server else [self._server.close]
        try:
            start = self._beginning(EMPTY if scenario is None else scenario, parameters or {})
            body = {**without_none(id=id, seed=self._server.seed if seed is None else seed, ttl=ttl and plain(ttl)), **start}
            self._attach(scenario, self._server.ask("POST", "/worlds", body))
        except BaseException:
            self.close()
            raise

    def _attach(self, scenario: ScenarioLike | None, world: JsonObject) -> None:
        """Attach to a world that was made, to drop it before anything else is closed."""
        self.is_pointed_at = False
        self.scenario = scenario
        self._world = world
        self._id, _ = str(world["id"]), self.seed
        self._exits.append(self._drop)
        self._loading = Lock()
        with _listing:
            self._number = next(_numbers)
            _living[self._number] = self

    def _drop(self) -> None:
        """Drop the world, if nobody else has."""
        with _listing:
            _living.pop(self._number, None)
        try:
            self._server.ask("DELETE", f"/worlds/{self._id}")
        except ControlError as error:
            if error.status != HTTPStatus.NOT_FOUND:
                raise

    def __repr__(self) -> str:
        return f"<Emulator {self._id}, seed {self.seed}>"

    @property
    def id(self) -> str:
        """The world's id, to be sent in the header `Emulator-World` by a client that has no credential to pick it."""
        return self._id

    @property
    def seed(self) -> int:
        """The seed that decides every id and credential of this world."""
        return int(self._world["seed"])

    @property
    def url(self) -> str:
        """The server's own URL."""
        url = self._server.url
        self.is_pointed_at = True
        return url

    @property
    def is_here(self) -> bool:
        """Tell whether the server is in this process."""
        return self._server.app is not None

    @property
    def credentials(self) -> Mapping[str, Mapping[str, Any]]:
        """By vendor, what its clients need to reach this world: a base URL, and keys that pick it, for each account."""
        return dict(self._world["credentials"])

    @cached_property
    def clock(self) -> Clock:
        """The world's clock: `now`, `next`, `advance`, `run`, `sleep`, `patch_sleep`."""
        return Clock(self.ask, lambda: self._server.look(self._id), self.receivers)

    @property
    def state(self) -> State:
        """The whole state by vendor, in the words of `given`: read it, or `change` it."""
        return State(self.ask)

    @property
    def serpwow(self) -> Serpwow:
        """SerpWow in this world: `url` and `api_key` for its clients, `account`, `batches`, `batch(id)`."""
        return Serpwow(self)

    @property
    def stripe(self) -> Stripe:
        """Stripe in this world: `url` and `api_key` for its clients, `batch_jobs`, `batch_job(id)`."""
        return Stripe(self)

    @property
    def sixdot50(self) -> SixDot50:
        """6DOT50 PAY in this world: `url`, `key` and `secret` for its clients, `batches`, `batch(id)`, `account(name)`."""
        return SixDot50(self)

    def vendor(self, name: str) -> VendorView:
        """Return a vendor in this world by its name: `url`, its credentials, and the parts of its state.

        Raises:
            NotFound: there is no such vendor.
        """
        return VendorView(self, name)

    def __getitem__(self, vendor: str) -> VendorView:
        """Return a vendor by its name: `emulator["acme"]`."""
        return VendorView(self, vendor)

    @property
    def journal(self) -> Journal:
        """The journal of what happened; every read of it asks the world anew."""
        return Journal(self.ask)

    @cached_property
    def aio(self) -> AsyncEmulator:
        """The methods of this handle for `async def`."""
        from emulator.client.aio import AsyncEmulator

        return AsyncEmulator(self)

    def load(self, scenario: ScenarioLike, *, seed: int | None = None, **parameters: Any) -> None:
        """Begin anew with another scenario; URLs stay, and so do the credentials while the seed does.

        Each of the `parameters`, as in `load("my-batches", searches=200)`, is a value in place of its default.

        Raises:
            ControlError: the scenario has mistakes or not these parameters, or there is none of that name.
        """
        body = {**without_none(seed=seed, claim=True), **self._beginning(scenario, parameters)}
        with self._loading:
            self._world = self.ask("POST", "/reset", body)
            self.scenario = scenario

    def reset(self) -> None:
        """Go back to the beginning of the scenario, every part of it."""
        self._asked(self._server.tell, "POST", "/reset")

    def fork(self, *, seed: int | None = None) -> Emulator:
        """Return another world, with credentials of its own, that goes on from here. Its context drops it, or ours."""
        twin = self._beside(self.scenario, self.ask("POST", "/fork", without_none(seed=seed)))
        self._exits.append(twin.close)
        return twin

    def _beside(self, scenario: ScenarioLike | None, world: JsonObject) -> Emulator:
        """Return a handle of another world that was made on this server."""
        twin = object.__new__(Emulator)
        twin._server, twin._folders, twin._exits = self._server, self._folders, []
        twin._attach(scenario, world)
        return twin

    def _beginning(self, scenario: ScenarioLike, parameters: JsonObject) -> JsonObject:
        values = plain(parameters, ("parameters",))
        return beginning(self._to_send(scenario, exactly(values) if values else None), values)

    def _to_send(self, scenario: ScenarioLike, settings: Settings | None = None) -> Any:
        try:
            payload = scenario_to_send(scenario, partial(self._server.file, settings=settings), self._folders)
        except MissingFile:
            raise self._server.missing_file(str(scenario), self._folders) from None
        return self._server.scenario(payload, settings) if isinstance(payload, str) else payload

    def transport(self) -> InProcess:
        """Return a transport for `httpx.Client` and `httpx.AsyncClient` that needs no socket.

        Raises:
            ControlError: the server is not in this process.
        """
        from emulator.client.transport import InProcess

        return InProcess(self._app())

    def adapter(self) -> BaseAdapter:
        """Return an adapter for `requests.Session.mount` that needs no socket.

        Raises:
            ControlError: the server is not in this process.
        """
        from emulator.client.adapter import InProcessAdapter

        return InProcessAdapter(self._app())

    def ask(self, method: str, path: str, body: Any = None) -> Any:
        """Ask the control plane something about this world; `path` is what follows `/worlds/{world}`.

        Raises:
            ControlError: it said no, and why.
        """
        return self._asked(self._server.ask, method, path, body)

    def _asked(self, ask: Callable[[str, str, Any], Any], method: str, path: str, body: Any = None) -> Any:
        try:
            return ask(method, f"/worlds/{self._id}{path}", body)
        except ControlError as error:
            if error.status != HTTPStatus.NOT_FOUND or not str(error).startswith(f"no world is called {self._id!r}"):
                raise
            other = "" if self.is_here else f"; or another run of the same tests took its place on this server: {SAME_TIME}"
            raise ControlError(f"{error}: it was closed{other}", error.status) from None

    def close(self) -> None:
        """Drop the world and its forks, and the server if it was made for it. What is closed already stays closed."""
        try:
            while self._exits:
                self._exits.pop()()
        finally:
            if self._exits:  # one failed, which keeps none of the others
                self.close()

    def __enter__(self) -> Emulator:
        return self

    def __exit__(self, _kind: object, error: object, _trace: object) -> None:
        """Close the world; an error takes its story along as a note, for the world is gone when the error is reported."""
        if isinstance(error, Exception):
            from emulator.client.failure_report import failure_report_if_any

            if report := failure_report_if_any(self, error=error, alone=True):
                error.add_note(report)
        self.close()

    def _app(self) -> Any:
        if self._server.app is None:
            raise ControlError("there is no transport without a socket to a server that is not in this process (EMULATOR_URL)")
        return self._server.app


def handle_name(vendor: Vendor) -> str:
    """Return how a test names a vendor of a handle: `stripe`, or `vendor('acme')`."""
    return vendor.python_name if hasattr(Emulator, vendor.python_name) else f"vendor({vendor.name!r})"
