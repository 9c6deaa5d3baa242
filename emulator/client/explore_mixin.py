"""The method `explore` of the handle: it runs a client once for every way in which something could interfere."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from emulator.client.json_encoding import plain
from emulator.scenario.document import JsonObject
from emulator.scenario.parameters import Settings, exactly, filled_value
from emulator.scenario.scenario import listed_claims
from emulator.vendors import VENDORS

if TYPE_CHECKING:
    from emulator.client.emulator import Emulator
    from emulator.client.exploration import Explored, Progress
    from emulator.client.explore import Client
    from emulator.client.json_encoding import Duration
    from emulator.client.scenarios import ScenarioLike
    from emulator.client.server import EmulatorServer

MOST = 1_000
"""Endings explored at most, unless the caller allows more."""

MAX_SECONDS = 300.0
"""Seconds of real time for all of it, unless the caller allows more."""


class ExploreMixin(ABC):
    """The method `explore` of a handle. `explored` is what the newest exploration found, None before the first."""

    explored: Explored | None = None

    scenario: ScenarioLike | None
    _server: EmulatorServer
    _world: JsonObject

    @property
    @abstractmethod
    def id(self) -> str:
        """The id of the handle's world."""

    @property
    @abstractmethod
    def seed(self) -> int:
        """The seed of the handle's world."""

    @abstractmethod
    def _to_send(self, scenario: ScenarioLike, settings: Settings | None = None) -> Any:
        """Return a scenario as the control plane takes it: a name, or a value."""

    @abstractmethod
    def _beside(self, scenario: ScenarioLike | None, world: JsonObject) -> Emulator:
        """Return a handle of another world that was made on this server."""

    def explore(
        self,
        scenario: ScenarioLike,
        client: Client | None = None,
        *,
        faults: Iterable[JsonObject] = (),
        meanwhile: Iterable[JsonObject] = (),
        check: Client | None = None,
        may_raise: type[BaseException] | tuple[type[BaseException], ...] = (),
        parameters: JsonObject | None = None,
        most: int = MOST,
        max_seconds: Duration = MAX_SECONDS,
        progress: Progress = lambda _explored, _what: None,
    ) -> Explored:
        """Run `client(emulator)` undisturbed, then once for every way in which something could come in its way.

        Each run has a world of its own on this server. Before each call takes effect, and before its answer comes, the next
        thing that happens by itself happens, or another actor changes the state as one of `meanwhile` says; and each of
        `faults`, written without `at` or with it, is laid at each call that it fits. What the client or `check`, which is run
        after it, raises is what broke, but for what it `may_raise`. A check that returns False found something broken, too; the
        result of the client says nothing. A client may be an `async def`.

        Where the client holds receivers (`emulator.receiver`), each notification that they got comes twice, an hour late, after
        the next one, and again since its answer was lost, as after a crash of the receiver; and so do every two together, as
        far as there are no more than `most` runs. So does each that is posted to a receiver at a URL.

        Without a client, the steps of the scenario are played, once for each order in which those that run `together` can
        come, and once for each of `faults` and `meanwhile`. Time passes as they say, and no other way.

        A client that polls while time stands still is ended, and so is one that runs when `max_seconds` of real time, a
        duration in any spelling, are over for all of it. `progress` is called before each run, with what was found until
        then and what is tried; the logger `emulator.explore` says that too.

        Raises:
            BadInput: an argument means nothing, a fault is none that can be laid at each call, `check` returned something else
                than None, True or False, or the undisturbed client, or the steps, called nothing.
            TooManyEndings: there are more than `most`.
            TimeStandsStill: the undisturbed client polls, and nobody moves the clock.
            OutOfTime: `max_seconds` are over; its `explored` is what was found until then.
        """
        from emulator.client import explore_arguments as arguments
        from emulator.client.explore import Exploration

        effects, states = arguments.read_faults(faults), arguments.read_meanwhile(meanwhile)
        seconds = arguments.read_seconds(max_seconds)
        begin, start = self._begin_explored, self._as_value(scenario, parameters or {})
        runs = Exploration(
            begin, start, client, self._server.client, check, effects, states, may_raise, most, seconds, progress
        )
        self.explored = runs.run()
        return self.explored

    def _begin_explored(self, payload: JsonObject) -> Emulator:
        """Make a world for one run."""
        parameters = self._world.get("parameters", {})
        own = listed_claims(VENDORS, self._as_value(self.scenario, parameters)) if self.scenario is not None else ()
        claim = {*own}.isdisjoint(listed_claims(VENDORS, payload))  # a credential that picks this world cannot pick another
        body = {"id": f"{self.id[:40]}-explored", "scenario": payload, "seed": self.seed, "claim": claim}
        return self._beside(payload, self._server.ask("POST", "/worlds", body))

    def _as_value(self, scenario: ScenarioLike, parameters: JsonObject) -> JsonObject:
        """Return a scenario as a value, whether it was given by name, path or value; its parameters are filled in."""
        values = plain(parameters, ("parameters",))
        settings = exactly(values) if values else None
        payload = self._to_send(scenario, settings)
        answer = self._server.ask("GET", f"/scenarios/{payload}") if isinstance(payload, str) else {"scenario": payload}
        return dict(filled_value(answer["scenario"], settings))
