"""Ids that no client could ask for: a client names a resource in the path of its requests, as one segment."""

from __future__ import annotations

import re

from emulator.sdk.vendor import Vendor

UNFIT = re.compile(r"[\s/\\?#%\x00-\x1f\x7f]")


def why_unfit(id: str, vendor: Vendor, name: str) -> str | None:
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
