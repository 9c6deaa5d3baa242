"""Explore: a client is run once for every point at which time, another actor or a fault could come in its way."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Callable, Coroutine, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from pathlib import Path
from traceback import extract_tb
from typing import TYPE_CHECKING

from emulator.client.acts import Acts
from emulator.client.delivery_intrusions import Owed, by_delivery, pairs_of, received
from emulator.client.exploration import Ending, Explored, Intrusion, Progress, describe
from emulator.client.explore_arguments import verdict
from emulator.client.intrusions import Call, by_actors, by_fault, by_time, with_intrusions
from emulator.client.json_encoding import plain
from emulator.client.standstill import Standstill
from emulator.client.watchdog import Interrupted, Watchdog
from emulator.kernel.clock import DEFAULT_START, REAL, Clock
from emulator.kernel.errors import BadInput, EmulatorError
from emulator.scenario.document import JsonObject
from emulator.scenario.layout import to_yaml
from emulator.scenario.timeline import id_of
from emulator.vendors import VENDORS
from emulator.web.pipeline import FAILED
from emulator.web.routes import UNMATCHED

if TYPE_CHECKING:
    from emulator.client.emulator import Emulator
    from emulator.scenario.client import Client as RawClient

log = logging.getLogger("emulator.explore")
"""Says of each run what is tried, as INFO: `pytest --log-cli-level=INFO` shows it."""

Client = Callable[["Emulator"], object]
"""A function that is tried with a world, perhaps an `async def`: an assertion tells what is wrong. A check may return False."""

Begin = Callable[[JsonObject], "Emulator"]
"""Makes a world of a scenario as a value; the same id and seed each time, so that an ending can be had again."""

UNMATCHED_SUFFIX = f".{UNMATCHED}"
"""The end of the name of a call whose path or verb no operation has: no fault can be injected there."""

StepsClient = Callable[[], "RawClient"]
"""Makes the client that sends what steps say."""

FEWER = "fewer faults, or fewer steps that run together"
NO_STEPS = "the scenario has no steps that send anything, and there is no client: give one, or a command after --"
OUT_OF_TIME = "out of time"
REPLAY = "load the scenario below, and run the client"


class ClientFailed(Exception):
    """A client failed, in its own words; reports show them as they are."""


class TooManyEndings(EmulatorError):
    """There are more endings than are to be tried."""


class TimeStandsStill(EmulatorError):
    """The undisturbed client waits for something that never happens, since nobody moves the clock of its world."""


class OutOfTime(EmulatorError):
    """It takes longer than it may. `explored` is what was found until then."""

    def __init__(self, explored: Explored, seconds: float) -> None:
        self.explored = explored
        explored.tried -= 1  # the one that was under way has not come to an end
        tried = f"{explored.tried} of {explored.endings} endings" if explored.endings else "not even the undisturbed client"
        super().__init__(f"after {seconds:g} s, {tried} had come to an end: give it more time (max_seconds, --max-seconds)")


def _no_calls() -> str:
    from emulator.client.emulator import handle_name

    names = ", ".join(f"emulator.{handle_name(it)}" for it in VENDORS.values())
    variables = ", ".join(f"{it.python_name.upper()}_URL" for it in VENDORS.values())
    return (
        "the client called no operation, so that nothing could come in its way: point it at its world, by the url and the "
        f"credentials of {names}; a command finds them in {variables} and the variables beside them"
    )


@dataclass(frozen=True, slots=True)
class Exploration:
    """Runs the client undisturbed, then with every intrusion of time, an actor or a fault, and
    with every pair of one of the first two and a fault.

    At each of its calls, before it and between its commit and its answer, the next thing that happens by itself happens, or
    another actor does what one of `meanwhile` says. Each of `faults` is injected at each call that it fits. What the
    client or `check`, which is run after it, raises is what broke, but for what it `may_raise`. An ending that has a broken one
    in it is not tried: the smaller one says more. Nor is one in which the actor can do nothing yet.

    Where the client holds receivers, each notification that they get comes twice, late, after the next one, and again since its
    answer was lost, and every two of these happen together, as far as there may be so many endings.

    A client that asks the same again and again, while nothing changes and no time passes, is ended. So is one that still
    runs when `max_seconds` are over, in real time, since the first began.

    Where there is none, the steps of the scenario are the client, and what a step finds otherwise than it says is what broke.
    They let time pass themselves; in its place, those that run together come in each order that can be.
    """

    begin: Begin
    scenario: JsonObject
    client: Client | None
    steps_client: StepsClient
    check: Client | None
    faults: Sequence[JsonObject]
    meanwhile: Sequence[JsonObject]
    may_raise: type[BaseException] | tuple[type[BaseException], ...]
    most: int
    max_seconds: float
    progress: Progress
    explored: Explored = field(default_factory=Explored)
    acts: Acts = field(default_factory=Acts)
    stopwatch: Clock = field(default_factory=lambda: Clock(rate=REAL))

    def run(self) -> Explored:
        """Try every ending. Raises as the handle's `explore` does."""
        calls, owed, explored = *self._try(()), self.explored
        explored.calls = len(calls)
        if not calls and not explored.broken:
            raise BadInput.at(_no_calls() if self.client else NO_STEPS, "client" if self.client else "scenario")
        time = [*(by_time(calls) if self.client else self._by_order()), *by_actors(calls, self.meanwhile)]
        faults = [*by_fault(calls, self.faults)]
        late = by_delivery(owed)
        endings: list[tuple[Intrusion, ...]] = [(it,) for it in (*time, *faults, *late)]
        endings += ((first, second) for first in time for second in faults)
        self._expect_few(len(endings) + 1)
        pairs, room = [*pairs_of(late)], self.most - len(endings) - 1
        endings += pairs[:room]
        explored.endings, explored.beyond = len(endings) + len(pairs[room:]) + 1, len(pairs[room:])
        for some in () if explored.broken else (endings[: len(time)], endings[len(time) :]):
            for ending in some:
                if any(set(map(id, broken.intrusions)) <= set(map(id, ending)) for broken in explored.broken):
                    explored.skipped += 1
                else:
                    self._try(ending)
            self.acts.check()
        return explored

    def _by_order(self) -> Iterator[Intrusion]:
        from emulator.client.own_steps import number_of_orders, other_orders

        self._expect_few(number_of_orders(self.scenario))
        return other_orders(self.scenario)

    def _expect_few(self, endings: int) -> None:
        """Refuse more endings than are to be tried."""
        if endings > self.most:
            raise TooManyEndings(f"{endings} endings are more than {self.most}: give {FEWER}, or a larger `most`")

    def _try(self, intrusions: tuple[Intrusion, ...]) -> tuple[list[Call], list[Owed]]:
        """Run the client through one ending, note what it broke, and return its calls and what its receivers got."""
        from emulator.client.failure_report import failure_report

        scenario, explored = with_intrusions(self.scenario, intrusions, self.client is None), self.explored
        explored.tried += 1
        log.info("%s of %s: %s", explored.tried, explored.endings or "?", describe(intrusions))
        self.progress(explored, describe(intrusions))
        world = self._begin(scenario, intrusions)
        if world is None:
            return [], []
        with world as emulator:
            start = emulator.clock.now + emulator.clock.skew
            error = self._run_watched(emulator, scenario)
            if error is not None and not intrusions and error.startswith("time stands still"):
                raise TimeStandsStill(error)
            if error is not None:
                report = failure_report(emulator, replay=REPLAY if self.client else "play the scenario below")
                explored.broken.append(Ending(intrusions, error, report, to_yaml(plain(scenario))))
            self.acts.note(intrusions, id_of(len(scenario.get("timeline", ()))), emulator.journal.picture().changes())
            return [*_calls(emulator, start)], [*received(emulator)]

    def _begin(self, scenario: JsonObject, intrusions: Sequence[Intrusion]) -> Emulator | None:
        """Make a world for one run; None where another actor can not do yet what it is to do before the first call."""
        from emulator.client.server import ControlError

        try:
            return self.begin(scenario)
        except ControlError as error:
            if not self.acts.note_refusal(intrusions, error):
                raise
            self.explored.tried -= 1
            self.explored.impossible += 1
            return None

    def _run_watched(self, emulator: Emulator, scenario: JsonObject) -> str | None:
        """Return the error in one line, also that the client did not end by itself; None where there was none.

        What ends a client may be raised in a callback of C code, such as orjson's, which makes another error of it.
        """
        start = self._elapsed()
        standstill = Standstill(emulator.ask, lambda: self._elapsed() - start) if self.client else None
        watchdog = Watchdog(lambda: OUT_OF_TIME if self._elapsed() >= self.max_seconds else _reason(standstill, emulator))
        try:
            with watchdog:
                error = self._error(emulator, self.client or partial(self._play, scenario))
        except Interrupted:
            error = watchdog.reason
        if error is not None and watchdog.reason == OUT_OF_TIME:
            raise OutOfTime(self.explored, self.max_seconds) from None
        return error and (watchdog.reason or error)

    def _elapsed(self) -> float:
        """Return the real seconds since the first run began."""
        return (self.stopwatch.now() - DEFAULT_START).total_seconds()

    def _play(self, scenario: JsonObject, emulator: Emulator) -> None:
        from emulator.client.own_steps import differences_of_steps

        if found := differences_of_steps(emulator, scenario, self.steps_client()):
            raise ClientFailed("; ".join([str(found[0]), *([f"and {len(found) - 1} more differences"] if found[1:] else [])]))

    def _error(self, emulator: Emulator, client: Client) -> str | None:
        """Return the error in one line; None where there was none. The client's own result says nothing."""
        for part in (client, self.check):
            result: object = None
            try:
                if part is not None:
                    result = _finish(part(emulator))
            except (KeyboardInterrupt, SystemExit, GeneratorExit):
                raise
            except self.may_raise:
                continue
            except ClientFailed as error:
                return str(error)
            except BaseException as error:  # what pytest.fail raises is no Exception
                return _in_one_line(error)
        return None if self.check is None else verdict(result)


def _reason(standstill: Standstill | None, emulator: Emulator) -> str | None:
    """Return why the client will not end, and end every fault then, so that a request that one holds up goes on."""
    reason = standstill.look() if standstill else None
    if reason is not None and emulator.faults.held():
        emulator.faults.clear()
    return reason


def _in_one_line(error: BaseException) -> str:
    """Return what an error says; where it says nothing, as a plain `assert`, the line of code that raised it."""
    name, says = type(error).__name__, str(error).strip()
    if says:
        return f"{name}: {says.splitlines()[0]}"
    frame = extract_tb(error.__traceback__)[-1]
    return f"{name} at {Path(frame.filename).name}:{frame.lineno}: {frame.line}"


def _finish(result: object) -> object:
    """Run what an `async def` left to be awaited and return its result; where a loop is running already, asyncio says so."""
    return asyncio.run(result) if isinstance(result, Coroutine) else result


def _calls(emulator: Emulator, start: datetime) -> Iterator[Call]:
    journal, seen, answered = emulator.journal.picture(), Counter[str](), Counter[str]()
    if journal.dropped:
        raise TooManyEndings("the client asks more than the journal keeps")
    for exchange in journal.exchanges():
        name, is_answered = exchange.operation, exchange.answer != FAILED
        if not name.endswith(UNMATCHED_SUFFIX):
            yield Call(name, seen[name], exchange.at - start, answered[name] if is_answered else None)
            seen[name] += 1
            answered[name] += is_answered
