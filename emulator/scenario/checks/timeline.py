"""Problems of the timeline that its schema cannot see: parts that mean nothing together, and what can never happen."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from emulator.kernel.errors import Problem
from emulator.scenario.checks.calls import without_ids
from emulator.scenario.checks.steps import duration_problems
from emulator.scenario.document import Item, JsonObject, Path
from emulator.scenario.timeline import own_credential
from emulator.sdk.vendor import Vendor, Vendors

OF_CALLS = ("id", "status", "every", "times", "wait")
"""The keys that say after which calls something happens, and when."""


def event_problems(event: Item, vendors: Vendors, listed: JsonObject) -> Iterator[Problem]:
    """Yield the problems of an event; `listed` are the credentials that the scenario lists, by vendor."""
    content, path = event.value, event.path
    if "after_call" in content:
        yield from _problems_after_call(event, vendors)
    else:
        yield from _problems_by_itself(event)
    if "set" not in content and "revoke" not in content:
        yield Problem("nothing happens: write 'set' (changes of the state) or 'revoke' (credentials)", path)
    for name, credentials in event.valid.get("revoke", {}).items():
        for index, item in enumerate(credentials):
            yield from _problems_of_credential(vendors[name], item, listed.get(name), (*path, "revoke", name, index))


def _problems_by_itself(event: Item) -> Iterator[Problem]:
    if "after" not in event.value:
        yield Problem("'after' is missing: a time from the beginning; or 'after_call': an operation", event.path)
    for key in OF_CALLS:
        if key in event.value:
            yield Problem(f"{key!r} is about calls, and needs 'after_call' beside it", (*event.path, key))
    yield from duration_problems(event.valid.get("after"), (*event.path, "after"))


def _problems_after_call(event: Item, vendors: Vendors) -> Iterator[Problem]:
    after, calls = event.valid.get("after", 0), event.valid.get("after_call", ())
    if not isinstance(after, int):
        yield Problem("beside 'after_call' it is a number of calls: a time is 'wait'", (*event.path, "after"))
    yield from duration_problems(event.valid.get("wait"), (*event.path, "wait"))
    calls = {calls} if isinstance(calls, str) else {*calls}
    if "id" in event.value and calls and calls <= without_ids(*vendors.values()):
        named = " and ".join(sorted(calls))
        yield Problem(f"the path of {named} names no resource, so nothing ever happens with an 'id'", (*event.path, "id"))


def _problems_of_credential(vendor: Vendor, item: Any, listed: Any, path: Path) -> Iterator[Problem]:
    """Yield that the world accepts no such credential; no message shows one."""
    known = {it if isinstance(it, str) else it[vendor.credential_field] for it in listed or ()}
    credential, own = item if isinstance(item, str) else item[vendor.credential_field], own_credential(vendor)
    if credential.startswith("{") and credential != own:
        yield Problem(f"the world's own credential of {vendor.name} is {own!r}", path)
    elif listed is not None and credential not in known and credential != own:
        yield Problem(f"'credentials' lists no such credential of {vendor.name}, so there is nothing to revoke", path)
