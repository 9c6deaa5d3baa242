"""Parts of a scenario that its steps never brought into play: faults, replies, and events of its timeline."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from emulator.kernel.calls import EVERYTHING
from emulator.kernel.resource import Struct
from emulator.kernel.timeline import IMPOSSIBLE
from emulator.scenario.calls import names_of
from emulator.scenario.document import JsonObject
from emulator.scenario.scenario import Scenario
from emulator.scenario.steps import Step
from emulator.scenario.timeline import listed, number_of

CHOOSY = frozenset(("every", "probability", "rate_limit"))
"""The keys by which a rule spares calls also after the first ones."""

NOTHING_CHANGED = "changed nothing: what it sets was so already"


class Left(Struct, frozen=True):
    """A world after the steps.

    It has the faults, replies and events that are there, the entries of the journal, and the commits of the ledger, where that
    is complete and needed. `laid` are the steps that laid a fault or a reply, by its id, and `sets` the places of those that
    set something, with whether that ever changed anything.
    """

    faults: Sequence[JsonObject]
    replies: Sequence[JsonObject]
    events: Sequence[JsonObject]
    entries: Sequence[JsonObject]
    commits: Sequence[JsonObject] | None
    laid: Mapping[str, Step]
    sets: Mapping[str, bool]

    @property
    def operations(self) -> list[str]:
        """The operation of each call that came."""
        return [it["operation"] for it in self.entries if it["type"] == "exchange"]

    def of(self, scenario: Scenario, part: str) -> Iterator[tuple[str, str, JsonObject]]:
        """Yield each rule of a part, with its place and its repetition; those of the file come first, in its order."""
        listed = self.faults if part == "faults" else self.replies
        for index, rule in enumerate(listed):
            if index < len(scenario.content.get(part, ())):
                yield scenario.place(part, index), "", rule
            elif step := self.laid.get(rule["id"]):
                yield step.place, step.repetition, rule


def idle_parts(scenario: Scenario, left: Left) -> Iterator[tuple[str, str]]:
    """Yield the place of each part of a scenario that its steps never brought into play, or in vain, and why."""
    yield from _unused_rules(scenario, left)
    yield from _unused_events(scenario, left)
    yield from _unused_sets(left.sets)
    if left.commits is not None:
        yield from _idle_events(scenario, left.entries, left.commits)


def _unused_rules(scenario: Scenario, left: Left) -> Iterator[tuple[str, str]]:
    """Yield the place of each fault that never struck and of each reply that was never given, and why."""
    is_faulted, operations = any(it["struck"] for it in left.faults), left.operations
    for part, of_one, never in (
        ("faults", "fault", "this fault never struck"),
        ("replies", "reply", "this reply was never given"),
    ):
        for place, repetition, rule in left.of(scenario, part):
            if not rule["struck"]:
                yield place, f"{repetition}{never}: {_why_never(rule, rule[of_one], is_faulted, operations)}"


def _why_never(rule: JsonObject, written: JsonObject, is_faulted: bool, operations: Sequence[str]) -> str:
    """Return why a rule never struck; one of deliveries has an effect at no point on the way of a request."""
    is_of_deliveries, seen = "do" in written and "where" not in written, rule["seen"]
    if not seen and is_of_deliveries:
        return "no delivery that it is for was made"
    if not seen and is_faulted:
        return "no call that it is for came past the faults"
    if not seen:
        return _unlike(written, names_of(written), operations) or "no step calls what it is for"
    came = f"{seen} of its {'deliveries' if is_of_deliveries else 'calls'} came"
    is_spared = seen <= written.get("after", 0) or not CHOOSY.isdisjoint(written)
    return came if is_spared else f"{came}, and another came first{'' if is_of_deliveries else ', or they were refused'}"


def _unlike(written: JsonObject, names: Sequence[str], operations: Sequence[str]) -> str | None:
    """Return which words of a rule or an event no call of its operations has; None where there is no such call or word."""
    count = sum(not {*names}.isdisjoint((name, name.partition(".")[0], EVERYTHING)) for name in operations)
    words = [f"with its {key!r}" for key in ("id", "match") if key in written]
    if "after_call" in written and "status" in written:
        words.append("to which the vendor gave its 'status', whatever a fault made of that")
    came = "1 call came" if count == 1 else f"{count} calls came"
    return f"{came}, and none {' and '.join(words)}" if count and words else None


def _unused_events(scenario: Scenario, left: Left) -> Iterator[tuple[str, str]]:
    """Yield the place of each event that never happened or was impossible, and why."""
    own, operations = range(len(scenario.content.get("timeline", ()))), left.operations
    for event in left.events:
        index = number_of(event["id"]) - 1
        if index in own and (why := _why_not_yet(event, operations)):
            yield scenario.place("timeline", index), f"this event never happened: {why}"
    for entry in left.entries:
        if entry.get("resource") == "timeline" and IMPOSSIBLE in entry.get("why", ""):
            index = number_of(entry["id"].partition("/")[0]) - 1
            if index in own:
                yield scenario.place("timeline", index), f"this event was {IMPOSSIBLE}{entry['why'].partition(IMPOSSIBLE)[2]}"


def _idle_events(scenario: Scenario, entries: Sequence[JsonObject], commits: Sequence[JsonObject]) -> Iterator[tuple[str, str]]:
    """Yield the place of each event that happened and never changed anything; `commits` are those of the ledger."""
    effects = {it["why"] for it in (*commits, *entries) if it.get("resource") != "timeline" and "why" in it}
    happened: dict[int, bool] = {}
    for entry in entries:
        if entry.get("resource") == "timeline" and IMPOSSIBLE not in entry["why"]:
            index = number_of(entry["id"].partition("/")[0]) - 1
            happened[index] = happened.get(index, False) or entry["why"] in effects
    for index, has_changed in happened.items():
        if not has_changed and index < len(scenario.content.get("timeline", ())):
            yield scenario.place("timeline", index), f"this event {NOTHING_CHANGED}"


def _unused_sets(sets: Mapping[str, bool]) -> Iterator[tuple[str, str]]:
    """Yield the place of each step that set something and never changed anything; `sets` are all that did, by their places."""
    return ((place, f"this step {NOTHING_CHANGED}") for place, has_changed in sets.items() if not has_changed)


def _why_not_yet(event: JsonObject, operations: Sequence[str]) -> str | None:
    """Return why an event has never happened; None where it has, or may have."""
    is_after_call, happened = "after_call" in event["event"], event["happened"]
    if event["due"] is not None and happened == (1 if is_after_call else 0):
        return f"it is due at {event['due']}, and the steps end before that"
    if not is_after_call or happened:
        return None
    if event["seen"]:
        return f"{event['seen']} of the calls that it follows came"
    written = event["event"]
    return _unlike(written, listed(written["after_call"]), operations) or "no step calls what it follows"
