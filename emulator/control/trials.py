"""Trials of an exchange: the world as it was before it, and what another choice of an assumption would have made of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from emulator.kernel.assumption import Assumption
from emulator.kernel.clock import FROZEN
from emulator.kernel.errors import Conflict, EmulatorError
from emulator.kernel.exchange import Exchange
from emulator.kernel.past import Moment
from emulator.kernel.resource import structs
from emulator.kernel.world import World
from emulator.sdk.request import read_request
from emulator.sdk.vendor import Vendors
from emulator.state.diff import between
from emulator.web.dry_run import DryRun, DryRuns

MOST_TRIED = 2_000
"""Resources of a world in which exchanges are tried again: each trial reads what the request did."""

OWN_HEADERS = (b"date", b"emulator-basis")
"""Headers that say nothing of what the vendor answers."""


def decisive(
    world: World, vendors: Vendors, runs: DryRuns, n: int, exchange: Exchange, asked: Iterable[Assumption]
) -> list[Assumption]:
    """Return those of the assumptions of which another choice makes the answer different, or what the exchange changed.

    All of them, where the exchange cannot be tried again: in a large world, or where a part of it is not remembered.
    """
    candidates = [*asked]
    trial = _Trial(world, vendors, runs, exchange)
    try:
        if len(world.store) > MOST_TRIED:
            return candidates
        trial.go_back(n)
        return [it for it in candidates if it.id == exchange.assumption or trial.depends_on(it)]
    except EmulatorError:
        return candidates


def try_again(world: World, runs: DryRuns, n: int, exchange: Exchange, choices: Mapping[str, str]) -> tuple[Moment, DryRun]:
    """Return the moment before an exchange, on a copy of its world, and what becomes of it there under other choices.

    Raises:
        Conflict: it cannot be tried again, and why.
    """
    trial = _Trial(world, {}, runs, exchange)
    trial.go_back(n)
    return trial.beginning, trial.run(choices)


class _CannotBeTried(Conflict):
    """An exchange that cannot be tried again."""


class _Trial:
    """An exchange that is tried on copies of a copy of its world, which goes back to the instant before it."""

    def __init__(self, world: World, vendors: Vendors, runs: DryRuns, exchange: Exchange) -> None:
        self._vendors, self._runs, self._exchange = vendors, runs, exchange
        self._choices = world.rules.choices
        self._twin = world

    def go_back(self, n: int) -> None:
        """Go back to the beginning of exchange `n`, and try it as it was.

        Raises:
            EmulatorError: it cannot be tried again.
        """
        if self._exchange.cut:
            raise _CannotBeTried(f"exchange {n} cannot be tried again: its body was longer than what is kept of it")
        later = sum(isinstance(it.event, Exchange) for it in self._twin.journal.since(n - 1))
        self._twin = self._runs.copy_apart(self._twin)
        self._twin.undo(later)
        self._twin.clock.set_rate(FROZEN)
        self._usual = self.run({})
        ((_, again),) = self._usual.world.journal.newest_exchanges(1)
        if (again.status, again.answer) != (self._exchange.status, self._exchange.answer):
            raise _CannotBeTried(f"exchange {n} cannot be tried again: it would go otherwise, as other calls came with it")

    @property
    def beginning(self) -> Moment:
        """The moment before the exchange."""
        return Moment(self._twin.settle(), self._twin)

    def depends_on(self, assumption: Assumption) -> bool:
        """Tell whether another choice of an assumption makes a difference."""
        others = (choice for choice in assumption.choices if choice != self._choices[assumption.id])
        return any(self._differs(self.run({assumption.id: choice})) for choice in others)

    def _differs(self, other: DryRun) -> bool:
        usual = self._usual
        if [*_heard(usual)] != [*_heard(other)]:
            return True
        now = usual.world.clock.reached
        return bool(between(Moment(now, usual.world), Moment(now, other.world), self._vendors))

    def run(self, choices: Mapping[str, str]) -> DryRun:
        """Return what becomes of the exchange where these choices stand in place of the world's."""
        exchange, twin = self._exchange, self._twin
        twin.rules = structs.replace(twin.rules, choices={**self._choices, **choices})
        path, _, query = exchange.target.partition("?")
        return self._runs.run(twin, read_request(exchange.method, path, query, exchange.headers, exchange.request))


def _heard(run: DryRun) -> Iterator[object]:
    """Yield what a client hears: the status, the body and the headers."""
    response = run.response
    yield response.status
    yield response.content
    yield from (header for header in response.headers if header[0] not in OWN_HEADERS)
