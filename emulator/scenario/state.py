"""A state by vendor, laid over a world: what it deletes, and then what it changes and adds."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Any

from emulator.kernel.consequences import Removal
from emulator.kernel.errors import BadInput, Problem
from emulator.kernel.machine import View
from emulator.kernel.world import World
from emulator.scenario.document import JsonObject, Path
from emulator.scenario.resources import Lists, Origins, every_list, expand_repeats, is_deletion, lists_of, resources_in
from emulator.sdk.state import Deletable
from emulator.sdk.vendor import Vendor, Vendors
from emulator.text.guids import fold
from emulator.text.nearest import hint
from emulator.text.redact import redact_text

MAX_SEARCHED = 1_000
"""Resources among whose names the nearest is searched."""


def apply_state(world: World, vendors: Vendors, state: JsonObject, why: str) -> None:
    """Lay a valid state by vendor over a world: all of it, or nothing.

    Raises:
        BadInput: it contradicts what is there.
    """
    commits = world.history.count
    with world.transaction(why) as tx:
        tx.follow(read_state(tx, vendors, state))
    if world.history.count > commits:
        world.history.note_written(state, world.quota)
    world.journal.extend(tx.changes)
    world.settle()


def read_state(view: View, vendors: Vendors, state: JsonObject) -> Iterator[Any]:
    """Yield the resources and deletions that a state by vendor comes to; each takes place before the next is made.

    Raises:
        BadInput: the state contradicts itself, or what is there.
        TooMany: there is no room for so many resources.
    """
    problems: list[Problem] = []
    view.admit(resources_in(state, vendors))
    for name, vendor in vendors.items():
        if name in state:
            try:
                yield from _read_fragment(view, vendor, state[name])
            except BadInput as error:
                problems += [Problem(it.message, (name, *it.path)) for it in error.problems]
    if problems:
        raise BadInput([*dict.fromkeys(problems)])


def _read_fragment(view: View, vendor: Vendor, fragment: JsonObject) -> Iterator[Any]:
    lists = lists_of(vendor)
    yield from _deletions(view, fragment, lists)
    try:
        yield from vendor.state.load(view, expand_repeats(fragment, lists))
    except BadInput as error:
        origins = Origins(fragment, lists)
        raise BadInput([Problem(it.message, origins.path(it.path)) for it in error.problems]) from None


def _deletions(view: View, fragment: JsonObject, lists: Lists) -> Iterator[Any]:
    """Yield what follows from each deletion, and the deletion itself.

    Raises:
        BadInput: some of them are of resources that are not there.
    """
    problems: list[Problem] = []
    for listed in every_list(fragment, lists):
        for index, item in enumerate(listed.items):
            if (kind := listed.kind.deletable) is None or not is_deletion(item, listed.kind):
                continue
            try:
                resource = _find(view, kind, item, _owner_of(fragment, listed.path), (*listed.path, index))
            except BadInput as error:
                problems += error.problems
                continue
            yield from kind.before(view, resource)
            yield Removal(resource)
    if problems:
        raise BadInput(problems)


def _owner_of(fragment: Any, path: Path) -> str:
    """Return the id of the item that holds the list at a path; empty where it has none."""
    for part in path[:-1]:
        fragment = fragment[part]
    return fold(str(fragment.get("id", "")))


def _find(view: View, kind: Deletable, item: JsonObject, owner: str, path: Path) -> Any:
    """Return the one resource that a deletion names.

    Raises:
        BadInput: there is none, or several have that name.
    """
    key = next(name for name in kind.names if name in item)
    value, noun = fold(item[key]), kind.of.kind.partition(".")[2].replace("_", " ")
    found = [it for it in _named(view, kind.names[key], kind, value) if kind.owner is None or getattr(it, kind.owner) == owner]
    shown = redact_text(value)
    if not found:
        near = hint(value, _names(view, kind.names[key], kind), few=0)
        where = "there" if kind.owner is None else "in the one named here by its id" if owner else "in one that no id names"
        raise BadInput.at(f"no {noun} with the {key} {shown!r} is {where}, to be deleted{redact_text(near)}", *path, key)
    if len(found) > 1:
        ids = " or ".join(it.id for it in found[:2])
        raise BadInput.at(f"{len(found)} have the {key} {shown!r}: give an id, such as {redact_text(ids)}", *path, key)
    return found[0]


def _named(view: View, attribute: str, kind: Deletable, value: str) -> list[Any]:
    if attribute != "id":
        return [it for it in view.group(kind.of) if getattr(it, attribute) == value]
    resource = view.find(kind.of, value)
    return [] if resource is None else [resource]


def _names(view: View, attribute: str, kind: Deletable) -> Iterator[str]:
    resources = islice(view.sorted_group(kind.of).ascending(), MAX_SEARCHED)
    return (name for it in resources if isinstance(name := getattr(it, attribute), str))
