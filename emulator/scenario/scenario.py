"""A scenario: the given world, its timing, its timeline and scripted replies, and the steps that prove it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from functools import partial
from threading import Lock
from typing import TYPE_CHECKING, Any

from emulator.kernel.budget import Budget, Quota
from emulator.kernel.clock import DEFAULT_START, FROZEN, REAL, Clock, wall_now
from emulator.kernel.errors import Problem, TooMany
from emulator.kernel.limits import Limits, Rules
from emulator.kernel.machine import Machine
from emulator.kernel.resource import Struct, field, structs
from emulator.kernel.room import EvictableCache
from emulator.kernel.time import NEVER, parse_duration, parse_instant, parse_offset
from emulator.kernel.timeline import TIMELINE
from emulator.kernel.transaction import Transaction
from emulator.kernel.world import World
from emulator.kernel.worlds import Claim
from emulator.scenario.accounts import (
    accepted_by,
    accounts_given,
    credential_in,
    is_listing,
    listed_by,
    own_claims,
    with_own_credentials,
)
from emulator.scenario.document import JsonObject, Path, Places
from emulator.scenario.faults import add_fault_to
from emulator.scenario.replies import add_reply_to
from emulator.scenario.state import read_state
from emulator.scenario.timeline import add_event_to
from emulator.sdk.vendor import Vendors
from emulator.text.garbage import gc_paused

if TYPE_CHECKING:
    from emulator.scenario.steps import Part, Step

TEMPLATES = 8
"""The seeds for which a scenario keeps the beginning of its world."""


class Scenario(Struct, frozen=True, eq=False):
    """A scenario that was read and found without fault. `content` is the file as a value; `source` is where it came from.

    `lines` are the places of its parts, `sources` the files of those that are included; `files` tells of each of these files
    when it was changed.
    `parameters` are filled in; with their declaration it is `unfilled`. `warnings` say what in it can have no effect.
    """

    name: str
    source: str
    content: JsonObject
    lines: Places = field(default_factory=dict)
    sources: Mapping[Path, str] = field(default_factory=dict)
    files: Mapping[str, int] = field(default_factory=dict)
    parameters: JsonObject = field(default_factory=dict)
    unfilled: JsonObject | None = None
    warnings: tuple[Problem, ...] = ()
    _templates: EvictableCache = field(default_factory=partial(EvictableCache, TEMPLATES))
    _building: Lock = field(default_factory=Lock)

    def __repr__(self) -> str:
        return f"Scenario({self.name!r}, {self.source!r})"

    @property
    def title(self) -> str:
        """The scenario's subject, as a sentence."""
        return str(self.content.get("title", ""))

    @property
    def as_written(self) -> JsonObject:
        """The scenario with all that it includes, its parameters declared and not filled in: what a server is sent."""
        return self.content if self.unfilled is None else self.unfilled

    @property
    def parts(self) -> list[Part]:
        """The steps that prove it, those that repeat written out, and those that run together by themselves."""
        from emulator.scenario.steps import write_out

        return [*write_out(self.content.get("steps", ()), self.place)]

    @property
    def steps(self) -> list[Step]:
        """The steps that prove it, in the order of the file."""
        from emulator.scenario.steps import in_file_order

        return in_file_order(self.parts)

    def place(self, *path: str | int) -> str:
        """`source:line` of a part of the file; of a scenario that was sent, the line as words."""
        line = self.lines.get(path)
        if line is None:
            return self.source
        source = self.sources.get(path, self.source)
        return f"{source}:{line[0]}" if source else f"line {line[0]} of the scenario that was sent"

    def clock(self, rate: float | None = None) -> Clock:
        """A new clock as the scenario wants it; `rate`, where given, overrides how fast it runs."""
        clock = self.content.get("clock", {})
        pace = rate_of(clock.get("rate", "frozen")) if rate is None else rate
        start, skew = clock.get("start"), parse_offset(clock["skew"]) if "skew" in clock else timedelta()
        fallback = DEFAULT_START if pace == FROZEN else wall_now()
        return Clock((parse_instant(start) if start else fallback) + skew, pace, skew=skew)

    def world(
        self,
        vendors: Vendors,
        id: str,
        seed: int | None = None,
        rate: float | None = None,
        limits: Limits | None = None,
        budget: Budget | None = None,
    ) -> World:
        """A new world at the scenario's beginning. What it keeps counts in a budget, by default in one of its own.

        Raises:
            BadInput: what is given contradicts itself.
            TooMany: it is more than a world may hold.
        """
        bounds = limits or Limits()
        number = self.content.get("seed", 0) if seed is None else seed
        budget = budget or Budget.of(bounds)
        with self._building:
            template = self._templates.get((number, rate, budget)) or self._template(vendors, number, rate, budget)
        check_count(len(template.store), bounds)
        rules = with_own_credentials(structs.replace(template.rules, limits=bounds), vendors, id, number)
        return template.spawn(id, rules)

    def _template(self, vendors: Vendors, seed: int, rate: float | None, budget: Budget) -> World:
        template = self._build(vendors, seed, rate, budget)
        if template.clock.rate == FROZEN:
            self._templates.put((seed, rate, budget), template, budget)
        return template

    def _build(self, vendors: Vendors, seed: int, rate: float | None, budget: Budget) -> World:
        rules = self._rules(vendors)
        world = World(self.name, rules, self.clock(rate), seed, Quota(budget))
        with gc_paused(), world.transaction("given") as tx:
            tx.follow(read_state(tx, vendors, {name: {} for name in vendors} | self.content.get("given", {})))
            for index, fault in enumerate(self.content.get("faults", ())):
                add_fault_to(tx, world, fault, self.place("faults", index))
            for index, reply in enumerate(self.content.get("replies", ())):
                add_reply_to(tx, world, reply, self.place("replies", index))
            world.store.settle()
        start, at = tx.now, world.settle()
        # After the world has settled, so that each world of this scenario tells of it; at that instant, whatever a clock
        # that runs shows by now: what is due meanwhile is due after the beginning.
        with Transaction(world, at, "timeline") as tx:
            for index, event in enumerate(self.content.get("timeline", ())):
                add_event_to(tx, world, vendors, event, self.place("timeline", index) or f"timeline[{index}]", start)
        world.set_beginning(self.content, at)
        return world

    def claims(self, vendors: Vendors, world: World, listed: bool = True) -> list[Claim]:
        """The credentials that pick a world of this scenario: its own, and, if `listed`, those that the scenario lists."""
        accepted = world.rules.credentials if listed else {}
        return own_claims(world, vendors) + [(name, it) for name, all_of_it in accepted.items() for it in all_of_it or ()]

    def _rules(self, vendors: Vendors) -> Rules:
        choices = {it.id: it.default for vendor in vendors.values() for it in vendor.assumptions}
        choices |= {name: str(choice) for name, choice in self.content.get("assume", {}).items()}
        written = self.content.get("timing", {})
        timing = {timer: _length(duration) for timer, duration in written.items() if not isinstance(duration, (list, tuple))}
        ladders = {name: tuple(map(parse_duration, it)) for name, it in written.items() if isinstance(it, (list, tuple))}
        credentials = {
            name: accepted_by(self.content, vendor) if is_listing(self.content, vendor) else None
            for name, vendor in vendors.items()
        }
        accounts, provenance = accounts_given(self.content, vendors), self.content.get("provenance", True)
        rules = Rules(
            machines_of(vendors),
            timing,
            choices,
            credentials,
            accounts,
            provenance,
            parameters=self.parameters,
            ladders=ladders,
        )
        return structs.replace(rules, **self.content.get("deliveries", {}))


def machines_of(vendors: Vendors) -> dict[str, Machine]:
    """Return the machines of vendors, and that of the timeline, by kind."""
    return {it.kind: it for vendor in vendors.values() for it in vendor.machines} | {TIMELINE.kind: TIMELINE}


def listed_claims(vendors: Vendors, scenario: object) -> list[Claim]:
    """Return the credentials that a scenario lists, valid or not."""
    listed = (
        (name, credential_in(vendor, item)) for name, vendor in vendors.items() for _, item in listed_by(scenario, vendor)
    )
    return [(name, it) for name, it in listed if isinstance(it, str)]


def check_count(count: int, limits: Limits) -> None:
    """Check that a world holds so many resources.

    Raises:
        TooMany: it does not.
    """
    if count > limits.resources:
        raise TooMany(f"this world holds {limits.resources} resources, and would have {count}: {limits.more('resources')}")


def rate_of(rate: Any) -> float:
    """A clock's rate as it is written: frozen, real or a number."""
    return {"frozen": FROZEN, "real": REAL}[rate] if isinstance(rate, str) else float(rate)


def _length(duration: object) -> timedelta | None:
    return None if duration == NEVER else parse_duration(duration)
