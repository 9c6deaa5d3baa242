"""Problems of a state by vendor that its schema cannot see: repeated or unusable ids, too many resources, contradictions."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from emulator.kernel.errors import Problem
from emulator.kernel.limits import MOST_RESOURCES
from emulator.scenario.document import NONE_INVALID, InvalidPaths, Path, list_at
from emulator.scenario.resources import Listed, Lists, every_list, lists_of, resources_in
from emulator.sdk.vendor import Vendor, Vendors

TOO_MANY = f"more than {MOST_RESOURCES} resources in all"

UNFIT = re.compile(r"[\s/\\?#%\x00-\x1f\x7f]")


def id_problem(id: str, vendor: Vendor, name: str) -> str | None:
    """Return why a resource in the list `name` of a vendor's state cannot have this id; None where it can."""
    if not id:
        return "an id is not empty: leave it out, and one is made"
    if found := UNFIT.search(id):
        return f"the id {id!r} has {found[0]!r} in it, which cannot stand in a segment of a path"
    if id in (".", ".."):
        return f"the id {id!r} is no segment of a path: clients and proxies take it for a folder"
    is_a_word = any(it.path.endswith(f"/{id}") for it in vendor.operations)
    if is_a_word and (operation := _taken_words(vendor, name).get(id)):
        return f"no request reaches the id {id!r}: its path is that of {operation}"
    return None


def _taken_words(vendor: Vendor, name: str) -> dict[str, str]:
    """Return the words that stand in a path where an id of this list would, each with its operation."""
    words: dict[str, str] = {}
    for generic in vendor.operations:
        before, _, last = generic.path.rpartition("/")
        if last.startswith("{") and (before.endswith(f"/{name}") or last == f"{{{name.removesuffix('es')}_id}}"):
            rivals = (it for it in vendor.operations if it.method == generic.method)
            words |= {word: it.name for it in rivals if (word := _word_after(before, it.path))}
    return words


def _word_after(before: str, path: str) -> str | None:
    """Return the last segment of a path that begins like this, unless it is a parameter."""
    head, _, last = path.rpartition("/")
    return last if head == before and not last.startswith("{") else None


def state_problems(state: Any, vendors: Vendors, path: Path = (), invalid: InvalidPaths = NONE_INVALID) -> Iterator[Problem]:
    """Yield the problems of a state by vendor that its schema cannot find; `invalid` parts are skipped."""
    parts = state.items() if isinstance(state, dict) else ()
    known = [(name, part, lists_of(vendors[name])) for name, part in parts if name in vendors]
    if resources_in(state, vendors) > MOST_RESOURCES:
        yield Problem(TOO_MANY, path)
    for name, part, lists in known:
        for listed in every_list(part, lists, (*path, name)):
            yield from _repeated_ids(listed)
            yield from _unfit_ids(listed, vendors[name])
        for problem in vendors[name].state.validate(_valid_fragment(part, lists, (*path, name), invalid)):
            yield Problem(problem.message, (*path, name, *problem.path))


def names_empty_parts_only(state: Any) -> bool:
    """Tell whether a valid state has vendors or parts, such as `{"serpwow": {"batches": []}}`, with nothing in any of them."""
    return bool(state) and all(value in ([], {}) for part in state.values() for value in part.values())


def _valid_fragment(fragment: Any, lists: Lists, path: Path, invalid: InvalidPaths) -> dict[str, Any]:
    """Return a vendor's state without its invalid parts; an invalid resource becomes an empty object at the same index."""
    valid = invalid.valid_items(fragment, path)
    for name, kind in lists.items():
        if kind.repeats and (items := list_at(fragment, name)) and (*path, name) in invalid:
            valid[name] = [{} if (*path, name, index) in invalid else it for index, it in enumerate(items)]
    return valid


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
        if isinstance(id, str) and (why := id_problem(id, vendor, str(listed.path[-1]))):
            yield Problem(why, (*listed.path, index, "id"))
