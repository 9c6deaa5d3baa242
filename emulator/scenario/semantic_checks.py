"""What is wrong with a scenario that fits its schema: parts that contradict each other, or that nobody could do.

Where a part does not fit its schema, the parts beside it are looked at all the same.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from functools import cache
from http import HTTPMethod
from itertools import takewhile
from typing import Any, NamedTuple

from emulator.kernel.errors import MAX_PROBLEMS, BadInput, Problem
from emulator.kernel.faults import TWO_BODIES
from emulator.kernel.limits import MOST_RESOURCES
from emulator.kernel.time import NEVER, format_instant, parse_duration_at
from emulator.scenario.faults import read_fault
from emulator.scenario.grammar import VERBS
from emulator.scenario.ids import why_unfit
from emulator.scenario.invalid_paths import NO_MISTAKES, Mistakes, Path
from emulator.scenario.resources import Listed, Lists, count, every_list, lists_of
from emulator.scenario.scenario import Scenario
from emulator.sdk.vendor import Vendor, Vendors
from emulator.text.nearest import hint

EXTRAS = {"headers": "send", "json": "send", "body": "send", "get": "send", "keep": "send"}
"""Keys of a step that need another one beside them."""

STEP_KEYS = {*VERBS, *EXTRAS}

TOO_MANY = f"more than {MOST_RESOURCES} resources in all"
HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+", re.ASCII)
HEADER_VALUE = re.compile(r"[\t\x20-\x7e]*", re.ASCII)
PLACEHOLDER = re.compile(r"\{([^{}]*)\}")
OF_A_LINK = {"world", "token", "file"}
"""Parameters of a path that are no id of a resource."""
FRAMING = frozenset({"content-length", "transfer-encoding"})
"""Headers that say where a reply ends, which follows from its body."""

BODILESS = frozenset({204, 205, 304})
"""Statuses whose replies have no body, by HTTP."""

METHODS = [method.value for method in HTTPMethod]


class Item(NamedTuple):
    """One thing of a list: its place, what is written, and what of it fits its schema."""

    path: Path
    written: Mapping[str, Any]
    sound: Mapping[str, Any]


def contradictions(written: Any, vendors: Vendors, mistakes: Mistakes) -> Iterator[Problem]:
    """What a schema cannot say; `mistakes` are those that it has told."""
    root = written if isinstance(written, dict) else {}
    yield from _too_many(root, vendors, mistakes)
    for path, state in _states(root, mistakes):
        yield from state_problems(state, vendors, path, mistakes)
    for step in _items(root, "steps", mistakes):
        yield from _step_problems(step)
    yield from _unsendable(root, vendors, mistakes)
    for reply in _items(root, "replies", mistakes):
        yield from _reply_problems(reply)
    yield from _fault_problems(root, vendors, mistakes)
    for item in _items(root, "timeline", mistakes):
        yield from _too_long(item.sound.get("after"), (*item.path, "after"))
    for wait, length in mistakes.without(root.get("timing"), ("timing",)).items():
        yield from _too_long(length, ("timing", wait))


def fault_problems(written: Mapping[str, Any], vendors: Vendors, now: datetime, path: Path = ()) -> Iterator[Problem]:
    """Why a fault that fits the schema means nothing, or can never strike when it is laid now."""
    yield from _nowhere_to_strike(written, vendors, path)
    try:
        ends = read_fault(written, "check", now).ends
    except BadInput as error:
        yield from (Problem(it.message, (*path, *it.path)) for it in error.problems)
    else:
        if ends is not None and ends <= now and "for" in written:
            yield Problem("a fault that lasts no time never strikes", (*path, "for"))
        elif ends is not None and ends <= now:
            yield Problem(f"it has ended before it is added, at {format_instant(now)}", (*path, "between"))


def state_problems(state: Any, vendors: Vendors, path: Path = (), mistakes: Mistakes = NO_MISTAKES) -> Iterator[Problem]:
    """The mistakes of a state by vendor that its schema cannot see; `mistakes` are those that it has told."""
    parts = state.items() if isinstance(state, dict) else ()
    known = [(name, part, lists_of(vendors[name])) for name, part in parts if name in vendors]
    if _resources(state, vendors) > MOST_RESOURCES:
        yield Problem(TOO_MANY, path)
    for name, part, lists in known:
        for listed in every_list(part, lists, (*path, name)):
            yield from _repeated_ids(listed)
            yield from _unfit_ids(listed, vendors[name])
        for problem in vendors[name].state.validate(_sound_fragment(part, lists, (*path, name), mistakes)):
            yield Problem(problem.message, (*path, name, *problem.path))


def _too_many(root: Mapping[str, Any], vendors: Vendors, mistakes: Mistakes) -> Iterator[Problem]:
    """Yield a problem where no state alone has too many resources, and the beginning and the timeline have together."""
    counts = [_resources(root.get("given"), vendors)]
    counts += [_resources(item.written.get("set"), vendors) for item in _items(root, "timeline", mistakes)]
    if max(counts) <= MOST_RESOURCES < sum(counts):
        yield Problem(f"{TOO_MANY}, with those of 'given'", ("given",) if counts[0] else ("timeline",))


def _resources(state: Any, vendors: Vendors) -> int:
    parts = state.items() if isinstance(state, dict) else ()
    return sum(count(part, lists_of(vendors[name])) for name, part in parts if name in vendors)


def names_empty_parts_only(state: Any) -> bool:
    """Tell whether a sound state has vendors or parts, such as `{"serpwow": {"batches": []}}`, with nothing in any of them."""
    return bool(state) and all(value in ([], {}) for part in state.values() for value in part.values())


def _sound_fragment(written: Any, lists: Lists, path: Path, mistakes: Mistakes) -> dict[str, Any]:
    """A vendor's state without its mistakes; a resource that has one says nothing, and keeps its place."""
    sound = mistakes.without(written, path)
    for name, kind in lists.items():
        if kind.repeats and isinstance(items := _list(written, name), list) and (*path, name) in mistakes:
            sound[name] = [{} if (*path, name, index) in mistakes else it for index, it in enumerate(items)]
    return sound


def _repeated_ids(listed: Listed) -> Iterator[Problem]:
    schema = listed.kind.id or {}
    seen: set[str] = set()
    for index, item in enumerate(listed.items if listed.kind.id is not None else ()):
        id = item.get("id") if isinstance(item, dict) else None
        if id is not None and "repeat" in item and listed.kind.repeats:
            yield Problem("an id names one resource: leave out 'id' or 'repeat'", (*listed.path, index, "id"))
        if isinstance(id, str):
            same = id.lower() if schema.get("format") == "uuid" else id
            if same in seen:
                yield Problem(f"the id {id!r} is given twice", (*listed.path, index, "id"))
            seen.add(same)


def _unfit_ids(listed: Listed, vendor: Vendor) -> Iterator[Problem]:
    if listed.kind.id is None or "format" in listed.kind.id:
        return
    for index, item in enumerate(listed.items):
        id = item.get("id") if isinstance(item, dict) else None
        if isinstance(id, str) and (why := why_unfit(id, vendor, str(listed.path[-1]))):
            yield Problem(why, (*listed.path, index, "id"))


def _states(root: Mapping[str, Any], mistakes: Mistakes) -> Iterator[tuple[Path, Any]]:
    """Every part of the scenario that changes the state."""
    yield ("given",), root.get("given")
    for name in ("timeline", "steps"):
        yield from (((*item.path, "set"), item.written.get("set")) for item in _items(root, name, mistakes))


def _items(root: Mapping[str, Any], name: str, mistakes: Mistakes) -> Iterator[Item]:
    for index, item in enumerate(_list(root, name)):
        if isinstance(item, dict):
            yield Item((name, index), item, mistakes.without(item, (name, index)))


def _list(written: Any, name: str) -> list[Any]:
    items = written.get(name) if isinstance(written, dict) else None
    return items if isinstance(items, list) else []


def _fault_problems(root: Mapping[str, Any], vendors: Vendors, mistakes: Mistakes) -> Iterator[Problem]:
    """What is wrong with the faults; whether one is over when it is laid, only where it is known when that is."""
    unknown = ("clock",) in mistakes
    begins = datetime.min.replace(tzinfo=UTC) if unknown else Scenario("check", "", dict(root)).clock().now()
    for fault in _items(root, "faults", mistakes):
        if fault.path in mistakes:
            yield from _nowhere_to_strike(fault.sound, vendors, fault.path)
        else:
            yield from fault_problems(fault.written, vendors, begins, fault.path)


@cache
def _without_ids_of(vendor: Vendor) -> frozenset[str]:
    """Return the operations of a vendor whose path names no resource."""
    return frozenset(it.name for it in vendor.operations if not {*PLACEHOLDER.findall(it.path)} - OF_A_LINK)


def _nowhere_to_strike(fault: Mapping[str, Any], vendors: Vendors, path: Path) -> Iterator[Problem]:
    if "id" in fault and any(fault.get("at") in _without_ids_of(vendor) for vendor in vendors.values()):
        yield Problem(
            f"the path of {fault['at']} names no resource, so a fault with an 'id' never strikes there", (*path, "id")
        )


def _step_problems(step: Item) -> Iterator[Problem]:
    written, path = step.written, step.path
    if written.keys() <= STEP_KEYS:
        yield from _problems_of_verbs(written, path)
    yield from header_problems(step.sound, step.path)
    if "fails" in (wanted := step.sound.get("get", {})) and (len(wanted) > 1 or "keep" in written):
        yield Problem(
            "'fails: true' expects no complete answer: leave out the rest of 'get', and 'keep'", (*path, "get", "fails")
        )
    if "json" in written and "body" in written:
        yield Problem("a request has json or body, not both", (*path, "body"))
    jump = step.sound.get("advance")
    if not isinstance(jump, dict):
        yield from _too_long(jump, (*path, "advance"))
        return
    yield from _too_long(jump.get("by"), (*path, "advance", "by"))
    if len(jump) != 1:
        yield Problem("an advance has exactly one of by, to, until", (*path, "advance"))


def _problems_of_verbs(step: Mapping[str, Any], path: Path) -> Iterator[Problem]:
    verbs = [verb for verb in VERBS if verb in step]
    if len(verbs) != 1:
        yield Problem(f"a step has exactly one of {', '.join(VERBS)}", path)
    for key, needed in EXTRAS.items():
        if key in step and needed not in step:
            yield Problem(f"{key!r} needs {needed!r} in the same step", (*path, key))


def _unsendable(root: Mapping[str, Any], vendors: Vendors, mistakes: Mistakes) -> Iterator[Problem]:
    """Methods that HTTP has not, and names that nothing is kept under by then."""
    made = {vendor.name: ("url", *vendor.make_credentials("0" * 64).fields) for vendor in vendors.values()}
    kept = {f"{vendor}.{field}" for vendor, fields in made.items() for field in fields}
    clear, advised = sum(1 for _ in takewhile(_is_clear, _list(root, "steps"))), 0
    for step in _items(root, "steps", mistakes):
        method = step.sound.get("send", "GET ").partition(" ")[0]
        if method not in METHODS:
            yield Problem(f"{method!r} is not a method of HTTP{hint(method, METHODS)}", (*step.path, "send"))
        for place, text in _texts(step.sound) if int(step.path[1]) < clear else ():
            for name in sorted({*PLACEHOLDER.findall(text)} - kept):
                advice = hint(name, sorted(kept)) if advised < MAX_PROBLEMS else ""
                yield Problem(f"no step before this one keeps {name!r}{advice}", (*step.path, *place))
                advised += 1
        if int(step.path[1]) < clear:
            kept |= step.written.get("keep", {}).keys()


def _is_clear(step: Any) -> bool:
    """Whether it is known what a step keeps."""
    return isinstance(step, dict) and step.keys() <= STEP_KEYS and isinstance(step.get("keep", {}), dict)


def _texts(step: Mapping[str, Any]) -> Iterator[tuple[Path, str]]:
    """What is sent of a step in which kept values may stand."""
    yield ("send",), step.get("send", "")
    yield from ((("headers", name), text) for name, text in step.get("headers", {}).items())


def _reply_problems(item: Item) -> Iterator[Problem]:
    yield from header_problems(item.sound, item.path)
    for name in item.sound.get("headers", {}):
        if name.lower() in FRAMING:
            yield Problem(f"{name} follows from the body: leave it out", (*item.path, "headers", name))
    bodies = [
        name for name in ("body", "json") if name in item.written and (name == "json" or item.written[name] not in (None, ""))
    ]
    if (status := item.sound.get("status")) in BODILESS and bodies:
        yield Problem(f"by HTTP, a reply with status {status} has no body", (*item.path, bodies[0]))
    if {"body", "json"} <= item.written.keys():
        yield Problem(TWO_BODIES, (*item.path, "json"))


def header_problems(written: Mapping[str, Any], path: Path) -> Iterator[Problem]:
    """What cannot stand in the head of a request or a reply, where a line break would begin another header."""
    names = Counter(name.lower() for name in written.get("headers", {}))
    for name, value in written.get("headers", {}).items():
        if names[name.lower()] > 1:
            yield Problem(f"the header {name} is given twice", (*path, "headers", name))
        if not HEADER_NAME.fullmatch(name):
            yield Problem(f"{name!r} cannot be the name of a header", (*path, "headers", name))
        if not HEADER_VALUE.fullmatch(value):
            yield Problem(f"{value!r} cannot be the value of a header: it is printable ASCII", (*path, "headers", name))


def _too_long(written: object, path: Path) -> Iterator[Problem]:
    try:
        if written is not None and written != NEVER:
            parse_duration_at(written, *path)
    except BadInput as error:
        yield from error.problems
