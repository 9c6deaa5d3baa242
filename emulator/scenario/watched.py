"""Scenarios that a server was given, read again when their files change, and the worlds that begin with them.

A change is found by the time at which a file was changed: by a look every EVERY seconds, and whenever a world is reset or made.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from os.path import realpath
from threading import Event, Thread
from typing import NamedTuple
from weakref import WeakKeyDictionary

from emulator.kernel.errors import BadInput, EmulatorError
from emulator.kernel.world import World
from emulator.scenario.files import changed
from emulator.scenario.scenario import Scenario
from emulator.text.checkpoint import TurnLock

EVERY = 0.25
"""Seconds between two looks; a file must be the same in both, since an editor may be writing it."""

STAYS = "the worlds of {} go on beginning as before, until this is mended"
READ_AGAIN = "{} was read again: new worlds and resets begin with it"

Moments = Mapping[str, int]
"""The files of a scenario, and when each was changed."""


@dataclass(slots=True)
class WatchedScenario:
    """One scenario: its newest form without a mistake, when its files were changed, and the mistakes that were told."""

    name: str
    scenario: Scenario
    moments: Moments
    seen: Moments = field(default_factory=dict)
    told: Sequence[str] = ()


class Making(NamedTuple):
    """The way in which a world is made of a scenario: with a seed or a rate in place of its own, and with its credentials."""

    seed: int | None = None
    rate: float | None = None
    claim: bool = True


class Followed(NamedTuple):
    """A world that begins with a watched scenario: the form that it began with, and how it was made."""

    scenario: Scenario
    making: Making


class WatchedScenarios:
    """The scenarios of a server by the names that it was given, which `read` reads; `included` are files that others include.

    `tell` says what was read again, and what is wrong with it, once.
    """

    def __init__(
        self,
        opened: Mapping[str, Scenario],
        read: Callable[[str], Scenario],
        included: Mapping[str, int],
        tell: Callable[[str], None],
    ) -> None:
        self._read = read
        self._included = included
        self._tell = tell
        self._lock = TurnLock()
        self._watched = {
            realpath(scenario.source): WatchedScenario(name, scenario, _moments_of(scenario, changed(scenario.source)))
            for name, scenario in opened.items()
        }
        self._followed: WeakKeyDictionary[World, Followed] = WeakKeyDictionary()

    def current(self, file: str) -> Scenario | None:
        """Return the newest form of the scenario in a file; None where it is not watched."""
        with self._lock:
            if watched := self._watched.get(realpath(file)):
                self._look_at(watched, at_once=True)
                return watched.scenario
        return None

    def follow(self, world: World, file: str, making: Making) -> None:
        """Have a world begin with the newest form of the scenario in a file from its next reset on, if that is watched."""
        with self._lock:
            if watched := self._watched.get(realpath(file)):
                self._followed[world] = Followed(watched.scenario, making)

    def newer(self, world: World) -> tuple[Scenario, Making] | None:
        """Return of what, and how, a world is made anew, where its scenario is another one than it began with."""
        with self._lock:
            followed = self._followed.get(world)
            scenario = self.current(followed.scenario.source) if followed else None
            if followed is None or scenario is None or scenario is followed.scenario:
                return None
            return scenario, followed.making

    def replace(self, world: World, new: World) -> None:
        """Have a world follow the scenario that the one before it followed."""
        with self._lock:
            if followed := self._followed.pop(world, None):
                self.follow(new, followed.scenario.source, followed.making)

    def look(self) -> None:
        """Read again what has changed, and is the same as at the last look."""
        for watched in self._watched.values():
            with self._lock:
                self._look_at(watched, at_once=False)

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Look again and again, in a thread, until the end of the block."""
        done = Event()
        thread = Thread(target=self._watch, args=(done,), name="batch-emulator-watch", daemon=True)
        thread.start()
        try:
            yield
        finally:
            done.set()
            thread.join()

    def _watch(self, done: Event) -> None:
        while not done.wait(EVERY):
            self.look()

    def _look_at(self, watched: WatchedScenario, at_once: bool) -> None:
        """Read a scenario again where one of its files has changed."""
        moments = {file: changed(file) for file in self._files_of(watched)}
        is_steady, watched.seen = at_once or moments == watched.seen, moments
        if is_steady and moments != watched.moments:
            self._read_again(watched, moments)

    def _files_of(self, watched: WatchedScenario) -> dict[str, int]:
        """Return the files of a scenario; of one with mistakes, all that may have to do with them."""
        files = {watched.scenario.source: 0, **watched.scenario.files}
        return {**files, **self._included} if watched.told else files

    def _read_again(self, watched: WatchedScenario, moments: Moments) -> None:
        try:
            scenario = self._read(watched.name)
        except EmulatorError as error:
            lines = error.lines() if isinstance(error, BadInput) else [f"{watched.scenario.source}: {error}"]
            if not moments[watched.scenario.source]:
                lines = [f"{watched.scenario.source}: there is no such file"]
            self._say([*lines, STAYS.format(watched.scenario.source)] if lines != watched.told else [])
            watched.told = lines
            watched.moments = {file: moments.get(file, changed(file)) for file in self._files_of(watched)}
        else:
            watched.scenario, watched.told = scenario, []
            watched.moments = _moments_of(scenario, moments[scenario.source])
            warnings = BadInput(scenario.warnings, scenario.source).lines() if scenario.warnings else []
            self._say([*(f"warning: {line}" for line in warnings), READ_AGAIN.format(scenario.source)])

    def _say(self, lines: Sequence[str]) -> None:
        for line in lines:
            self._tell(line)


def _moments_of(scenario: Scenario, moment: int) -> dict[str, int]:
    return {scenario.source: moment, **scenario.files}
