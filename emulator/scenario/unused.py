"""Parts of a scenario that its steps never brought into play: faults, replies, and events of its timeline."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

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

NOTHING_CHANGED = "this step changed nothing: what it sets was so already"


class Rules(Struct, frozen=True):
    """The faults and replies of a world as they are after the steps, and the steps that laid some of them, by their ids."""

    faults: Sequence[JsonObject]
    replies: Sequence[JsonObject]
    laid: Mapping[str, Step]

    def of(self, scenario: Scenario, part: str) -> Iterator[tuple[str, str, JsonObject]]:
        """Yield each rule of a part, with its place and its repetition; those of the file come first, in its order."""
        listed = self.faults if part == "faults" else self.replies
        for index, rule in enumerate(listed):
            if index < len(scenario.content.get(part, ())):
                yield scenario.place(part, index), "", rule
            elif step := self.laid.get(rule["id"]):
                yield step.place, step.repetition, rule


def unused_rules(scenario: Scenario, rules: Rules, operations: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Yield the place of each fault that never struck and of each reply that was never given, and why.

    `operations` are those of all calls that came.
    """
    is_faulted = any(it["struck"] for it in rules.faults)
    for part, of_one, never in (
        ("faults", "fault", "this fault never struck"),
        ("replies", "reply", "this reply was never given"),
    ):
        for place, repetition, rule in rules.of(scenario, part):
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
    words += (
        ["to which the vendor gave its 'status', whatever a fault made of that"]
        if "status" in written and "at" not in written
        else []
    )
    came = "1 call came" if count == 1 else f"{count} calls came"
    return f"{came}, and none {' and '.join(words)}" if count and words else None


def unused_events(scenario: Scenario, left: Sequence[JsonObject], entries: Iterable[JsonObject]) -> Iterator[tuple[str, str]]:
    """Yield the place of each such event, and why; `left` are those that may still happen, `entries` those of the journal."""
    own, entries = range(len(scenario.content.get("timeline", ()))), [*entries]
    operations = operations_of(entries)
    for event in left:
        index = number_of(event["id"]) - 1
        if index in own and (why := _why_not_yet(event, operations)):
            yield scenario.place("timeline", index), f"this event never happened: {why}"
    for entry in entries:
        if entry.get("resource") == "timeline" and IMPOSSIBLE in entry.get("why", ""):
            index = number_of(entry["id"].partition("/")[0]) - 1
            if index in own:
                yield scenario.place("timeline", index), f"this event was {IMPOSSIBLE}{entry['why'].partition(IMPOSSIBLE)[2]}"


def unused_sets(sets: Mapping[str, bool]) -> Iterator[tuple[str, str]]:
    """Yield the place of each step that set something and never changed anything; `sets` are all that did, by their places."""
    return ((place, NOTHING_CHANGED) for place, has_changed in sets.items() if not has_changed)


def operations_of(entries: Iterable[JsonObject]) -> list[str]:
    """Return the operation of each call in a journal."""
    return [it["operation"] for it in entries if it["type"] == "exchange"]


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
