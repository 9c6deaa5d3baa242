"""Problems of a state by vendor that its schema cannot see: repeated or unusable ids, too many resources, contradictions."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from emulator.kernel.errors import Problem
from emulator.kernel.limits import MOST_RESOURCES
from emulator.kernel.resource import structs
from emulator.scenario.document import NONE_INVALID, InvalidPaths, JsonObject, Path, list_at
from emulator.scenario.resources import Listed, Lists, ListSchema, every_list, is_deletion, lists_of, resources_in
from emulator.sdk.vendor import Vendors
from emulator.text.pattern import pattern

TOO_MANY = f"more than {MOST_RESOURCES} resources in all"

UNFIT = pattern(r"[\s/\\?#%\x00-\x1f\x7f]")


def id_problem(id: str) -> str | None:
    """Return why a resource cannot have this id; None where it can."""
    if not id:
        return "an id is not empty: leave it out, and one is made"
    if found := UNFIT.search(id):
        return f"the id {id!r} has {found[0]!r} in it, which cannot stand in a segment of a path"
    if id in (".", ".."):
        return f"the id {id!r} is no segment of a path: clients and proxies take it for a folder"
    return None


def state_problems(state: Any, vendors: Vendors, path: Path = (), invalid: InvalidPaths = NONE_INVALID) -> Iterator[Problem]:
    """Yield the problems of a state by vendor that its schema cannot find; `invalid` parts are skipped."""
    parts = state.items() if isinstance(state, dict) else ()
    known = [(name, part, lists_of(vendors[name])) for name, part in parts if name in vendors]
    if resources_in(state, vendors) > MOST_RESOURCES:
        yield Problem(TOO_MANY, path)
    for name, part, lists in known:
        for listed in every_list(part, lists, (*path, name)):
            yield from _repeated_ids(listed)
            yield from _unfit_ids(listed)
            yield from _flaws_of_deletions(listed)
        for problem in vendors[name].state.validate(valid_fragment(part, lists, (*path, name), invalid)):
            yield structs.replace(problem, path=(*path, name, *problem.path))


def expected_state_problems(state: Any, vendors: Vendors, path: Path) -> Iterator[Problem]:
    """Yield the problems of a state that a step expects: of what it names twice, or as deleted and more."""
    for name, part in state.items() if isinstance(state, dict) else ():
        for listed in every_list(part, lists_of(vendors[name]), (*path, name)) if name in vendors else ():
            yield from _repeated_ids(listed)
            yield from _flaws_of_deletions(listed)


def names_empty_parts_only(state: Any) -> bool:
    """Tell whether a valid state has vendors or parts, such as `{"serpwow": {"batches": []}}`, with nothing in any of them."""
    return bool(state) and changes_nothing(state)


def changes_nothing(state: Any) -> bool:
    """Tell whether there is nothing in a valid state, nor in any of its parts."""
    return all(value in ([], {}) for part in state.values() for value in part.values())


def valid_fragment(fragment: Any, lists: Lists, path: Path, invalid: InvalidPaths) -> JsonObject:
    """Return a vendor's state without its invalid parts; a resource that is invalid, or deleted, is repeated no times."""
    valid = invalid.valid_items(fragment, path)
    for name, kind in lists.items():
        items, place = list_at(fragment, name), (*path, name)
        if kind.repeats and items and place in invalid:
            valid[name] = [{"repeat": 0} if (*place, index) in invalid else it for index, it in enumerate(items)]
        if kind.deletable is not None and name in valid:
            valid[name] = [_without_deletions(it, kind) for it in valid[name]]
    return valid


def _without_deletions(item: Any, kind: ListSchema) -> Any:
    """Return an item of a list, in which what is deleted is repeated no times."""
    if is_deletion(item, kind):
        return {"repeat": 0}
    below = {name: part for name, part in kind.lists.items() if part.deletable is not None and list_at(item, name)}
    return (
        {**item, **{name: [_without_deletions(it, part) for it in item[name]] for name, part in below.items()}}
        if below
        else item
    )


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


def _flaws_of_deletions(listed: Listed) -> Iterator[Problem]:
    """Yield where a deletion does not name one resource, says more of it, or comes before there is any."""
    for index, item in enumerate(listed.items):
        if not is_deletion(item, listed.kind):
            continue
        path, names = (*listed.path, index), [*listed.kind.deletable.names] if listed.kind.deletable else []
        if listed.path[0] == "given":
            yield Problem("when a world begins there is nothing to be deleted: leave this out", (*path, "deleted"))
        elif len([name for name in names if name in item]) != 1:
            yield Problem(f"what is deleted is named by {' or '.join(names)}", path)
        for name in item.keys() - {*names, "deleted"}:
            yield Problem(f"what is deleted is only named: leave out {name!r}", (*path, name))


def _unfit_ids(listed: Listed) -> Iterator[Problem]:
    if listed.kind.id is None or "format" in listed.kind.id:
        return
    for index, item in enumerate(listed.items):
        id = item.get("id") if isinstance(item, dict) else None
        if isinstance(id, str) and (why := id_problem(id)):
            yield Problem(why, (*listed.path, index, "id"))
