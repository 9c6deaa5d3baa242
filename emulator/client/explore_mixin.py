"""The method `explore` of the handle: it runs a client once for every way in which something could interfere."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable
from typing import TYPE_CHECKING

from emulator.scenario.document import JsonObject

if TYPE_CHECKING:
    from emulator.client.emulator import Emulator
    from emulator.client.exploration import Explored, Progress
    from emulator.client.explore import Client
    from emulator.client.json_encoding import Duration
    from emulator.client.scenarios import ScenarioLike

MOST = 1_000
"""Endings explored at most, unless the caller allows more."""

MAX_SECONDS = 300.0
"""Seconds of real time for all of it, unless the caller allows more."""


class ExploreMixin(ABC):
    """The method `explore` of a handle. `explored` is what the newest exploration found, None before the first."""

    explored: Explored | None = None

    @abstractmethod
    def _begin_explored(self, scenario: JsonObject) -> Emulator:
        """Make a world for one run."""

    @abstractmethod
    def _as_value(self, scenario: ScenarioLike) -> JsonObject:
        """A scenario as a value, whether it was given by name, path or value."""

    def explore(
        self,
        scenario: ScenarioLike,
        client: Client,
        *,
        faults: Iterable[JsonObject] = (),
        meanwhile: Iterable[JsonObject] = (),
        check: Client | None = None,
        may_raise: type[BaseException] | tuple[type[BaseException], ...] = (),
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

        A client that polls while time stands still is ended, and so is one that runs when `max_seconds` of real time, a
        duration in any spelling, are over for all of it. `progress` is called before each run, with what was found until
        then and what is tried.

        Raises:
            BadInput: an argument means nothing, a fault is none that can be laid at each call, `check` returned something else
                than None, True or False, or the undisturbed client called nothing.
            TooManyEndings: there are more than `most`.
            TimeStandsStill: the undisturbed client polls, and nobody moves the clock.
            OutOfTime: `max_seconds` are over; its `explored` is what was found until then.
        """
        from emulator.client import explore_arguments as arguments
        from emulator.client.explore import Exploration

        effects, states = arguments.read_faults(faults), arguments.read_meanwhile(meanwhile)
        seconds = arguments.read_seconds(max_seconds)
        begin, start = self._begin_explored, self._as_value(scenario)
        exploration = Exploration(begin, start, client, check, effects, states, may_raise, most, seconds, progress)
        self.explored = exploration.run()
        return self.explored
