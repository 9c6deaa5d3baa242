"""Problems of the timeline that its schema cannot see: parts that mean nothing together, and what can never happen."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from emulator.kernel.accounts import ONE_ACCOUNT, Accounts
from emulator.kernel.errors import Problem
from emulator.scenario.accounts import credential_in, own_credentials
from emulator.scenario.checks.calls import problems_of_target
from emulator.scenario.checks.steps import duration_problems
from emulator.scenario.document import Item, JsonObject, Path
from emulator.sdk.vendor import Vendor, Vendors

MOST_NAMED = 4
"""Credentials of the world's own that are named at most."""

OF_CALLS = ("id", "match", "status", "every", "times", "wait")
"""The keys that say after which calls something happens, and when."""


def event_problems(event: Item, vendors: Vendors, listed: JsonObject, accounts: Mapping[str, Accounts]) -> Iterator[Problem]:
    """Yield the problems of an event; `listed` are the credentials that the scenario lists, and `accounts` its accounts."""
    content, path = event.value, event.path
    if "after_call" in content:
        yield from _problems_after_call(event, vendors)
    else:
        yield from _problems_by_itself(event)
    if "set" not in content and "revoke" not in content:
        yield Problem("nothing happens: write 'set' (changes of the state) or 'revoke' (credentials)", path)
    yield from revoke_problems(event, vendors, listed, accounts)


def revoke_problems(item: Item, vendors: Vendors, listed: JsonObject, accounts: Mapping[str, Accounts]) -> Iterator[Problem]:
    """Yield the problems of what an event or a step revokes."""
    for name, credentials in item.valid.get("revoke", {}).items():
        own = own_credentials(vendors[name], accounts.get(name, ONE_ACCOUNT))
        for index, it in enumerate(credentials):
            yield from _problems_of_credential(vendors[name], it, listed.get(name), [*own], (*item.path, "revoke", name, index))


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
    yield from problems_of_target({**event.valid, "at": [calls] if isinstance(calls, str) else [*calls]}, vendors, event.path)


def _problems_of_credential(vendor: Vendor, item: Any, listed: Any, own: Sequence[str], path: Path) -> Iterator[Problem]:
    """Yield that the world accepts no such credential; no message shows one. `own` stand for those of its own."""
    known, credential = {credential_in(vendor, it) for it in listed or ()}, credential_in(vendor, item)
    if credential.startswith("{") and credential not in own:
        yield Problem(f"the world's own credential of {vendor.name} is {' or '.join(map(repr, own[:MOST_NAMED]))}", path)
    elif listed is not None and credential not in known and credential not in own:
        yield Problem(f"'credentials' lists no such credential of {vendor.name}, so there is nothing to revoke", path)
