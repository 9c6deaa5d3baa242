"""The handle of one world: load a scenario, move its clock, read and change its state, read its journal."""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterator, Mapping
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

from emulator.handle.clock import Clock
from emulator.handle.faults import Faults
from emulator.handle.journal import Journal
from emulator.handle.past import Past
from emulator.handle.server import EmulatorServer
from emulator.handle.views import Serpwow, SixDot50, Stripe
from emulator.kernel.errors import NotFound

if TYPE_CHECKING:
    import httpx
    from requests.adapters import BaseAdapter

    from emulator.handle.awaited import AsyncEmulator
    from emulator.handle.explore import Client, Explored

ScenarioLike = str | Path | Mapping[str, Any]
"""A shipped scenario's name, a file, or a scenario as a value (its title may be left out)."""

_numbers = itertools.count(1)


class Emulator(Past):
    """A world of one's own. Use as a context: it is dropped at the end.

    `scenario` is what it begins with, nothing if left out; `seed` decides every id and credential. `server` is where the world
    lives; left out, it is the one at EMULATOR_URL, or else a new one in this process that ends with the context.
    """

    def __init__(
        self,
        scenario: ScenarioLike | None = None,
        *,
        seed: int | None = None,
        server: EmulatorServer | None = None,
        id: str | None = None,
    ) -> None:
        self._own = None if server else EmulatorServer(os.environ.get("EMULATOR_URL"))
        self._server = server or self._own or EmulatorServer()
        self.scenario = scenario
        self._id = id or f"p{os.getpid()}-{next(_numbers)}"
        wish = {"id": self._id, "scenario": _written(scenario), "claim": False} | ({} if seed is None else {"seed": seed})
        self._hold(self._server.ask("POST", "/worlds", wish))

    def _hold(self, made: Mapping[str, Any]) -> None:
        """Takes hold of a world that was made."""
        self._made = made
        self.clock = Clock(self.ask)
        self.state = State(self)
        self.faults = Faults(self.ask)
        self.serpwow = Serpwow(*self._view("serpwow"))
        self.stripe = Stripe(*self._view("stripe"))
        self.sixdot50 = SixDot50(*self._view("6dot50"))

    @property
    def id(self) -> str:
        """The world's id, to be sent in the header `Emulator-World` by a client that has no credential to pick it."""
        return self._id

    @property
    def seed(self) -> int:
        """The seed that decides every id and credential of this world."""
        seed: int = self._made["seed"]
        return seed

    @property
    def url(self) -> str:
        """The server's own URL."""
        return self._server.url

    @property
    def journal(self) -> Journal:
        """What has happened up to now."""
        return Journal.read(self.ask)

    @cached_property
    def aio(self) -> AsyncEmulator:
        """The same for `async def`."""
        from emulator.handle.awaited import AsyncEmulator

        return AsyncEmulator(self)

    def load(self, scenario: ScenarioLike, *, seed: int | None = None) -> None:
        """Begins anew with another scenario; URLs stay, and so do the credentials while the seed does.

        Raises:
            Refused: the scenario has mistakes, or there is none of that name.
        """
        wish = {"scenario": _written(scenario)} | ({} if seed is None else {"seed": seed})
        self._made = self.ask("POST", "/reset", wish)
        self.scenario = scenario

    def reset(self) -> None:
        """Back to the beginning of the scenario, every part of it."""
        self.ask("POST", "/reset")

    def fork(self, *, seed: int | None = None) -> Emulator:
        """Another world, with credentials of its own, that goes on from here. Use as a context: it is dropped at the end."""
        twin = object.__new__(Emulator)
        twin._own, twin._server, twin.scenario = None, self._server, self.scenario
        twin._id = f"{self._id[:40]}-f{next(_numbers)}"
        twin._hold(self.ask("POST", "/fork", {"id": twin._id} | ({} if seed is None else {"seed": seed})))
        return twin

    def explore(self, scenario: ScenarioLike, client: Client, **options: Any) -> Explored:
        """Runs `client(emulator)` once for every way in which time, another actor or a fault could come in its way.

        Each run has a world of its own on this server. `options` are those of `emulator.handle.explore.explore`: `faults`,
        `meanwhile`, `check`, `may_raise` and `most`.
        """
        from emulator.handle.explore import explore

        def begin(written: Mapping[str, Any]) -> Emulator:
            return Emulator(written, seed=self.seed, server=self._server, id=f"{self._id[:40]}-explored")

        return explore(begin, self._as_value(scenario), client, **options)

    def _as_value(self, scenario: ScenarioLike) -> Mapping[str, Any]:
        written = _written(scenario)
        shown = self._server.ask("GET", f"/scenarios/{written}") if isinstance(written, str) else {"scenario": written}
        value: Mapping[str, Any] = shown["scenario"]
        return value

    def transport(self) -> httpx.BaseTransport:
        """A transport for `httpx.Client` and `httpx.AsyncClient` that needs no socket.

        Raises:
            RuntimeError: the server is not in this process.
        """
        from emulator.handle.transport import InProcess

        return InProcess(self._app())

    def adapter(self) -> BaseAdapter:
        """An adapter for `requests.Session.mount` that needs no socket.

        Raises:
            RuntimeError: the server is not in this process.
        """
        from emulator.handle.transport import requests_adapter

        return requests_adapter(self._app())

    def ask(self, method: str, path: str, body: Any = None) -> Any:
        """Asks the control plane something about this world; `path` is what follows `/worlds/{world}`.

        Raises:
            Refused: it said no, and why.
        """
        return self._server.ask(method, f"/worlds/{self._id}{path}", body)

    def close(self) -> None:
        """Drops the world, and the server if it was made for it."""
        self._server.ask("DELETE", f"/worlds/{self._id}")
        if self._own:
            self._own.close()

    def __enter__(self) -> Emulator:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def _app(self) -> Any:
        if self._server.app is None:
            raise RuntimeError("there is no transport without a socket to a server that is not in this process")
        return self._server.app

    def _view(self, vendor: str) -> tuple[Any, Any, Any]:
        def url() -> str:
            base: str = self._made["credentials"][vendor]["url"]
            return self._server.url + base.removeprefix(base.partition("//")[0] + "//" + base.split("/")[2])

        return url, lambda: self._made["credentials"][vendor], lambda: self.ask("GET", "/state")[vendor]


class State(Mapping[str, Any]):
    """The whole state by vendor, in the words of `given`; read anew each time."""

    def __init__(self, emulator: Emulator) -> None:
        self._emulator = emulator

    def change(self, state: Mapping[str, Any]) -> None:
        """Changes what is named by id, and adds what is new: all of it, or nothing.

        Raises:
            Refused: the state that it asks for cannot be.
        """
        self._emulator.ask("PATCH", "/state", state)

    def __getitem__(self, vendor: str) -> Any:
        state = self._read()
        if vendor not in state:
            raise KeyError(str(NotFound("vendor", vendor, state)))
        return state[vendor]

    def __iter__(self) -> Iterator[str]:
        return iter(self._read())

    def __len__(self) -> int:
        return len(self._read())

    def _read(self) -> dict[str, Any]:
        state: dict[str, Any] = self._emulator.ask("GET", "/state")
        return state


def _written(scenario: ScenarioLike | None) -> Any:
    """What the control plane is sent: a name, or a value. Files are read here, so that the server need not have them."""
    if scenario is None:
        return {"title": "An empty world"}
    if isinstance(scenario, Mapping):
        return {"title": "A scenario in a test", **scenario}
    path = Path(scenario)
    if isinstance(scenario, Path) or path.suffix in (".yaml", ".yml"):
        from emulator.scenario.loader import load_file
        from emulator.vendors import VENDORS

        return dict(load_file(path, VENDORS).written)
    return scenario
