"""Problems of the accounts of vendors: some that a world has not, and credentials that would act for two."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from emulator.kernel.accounts import ONE_ACCOUNT, SELF, Accounts
from emulator.kernel.errors import Problem
from emulator.scenario.accounts import CREDENTIALS, accounts_given, credential_in, listed_by
from emulator.scenario.document import NONE_INVALID, InvalidPaths, JsonObject, Path, list_at
from emulator.scenario.resources import Listed, every_list, lists_of
from emulator.sdk.accounts import OWNER, AccountWords
from emulator.sdk.vendor import Vendors
from emulator.text.nearest import hint, some
from emulator.text.redact import redact_text

TWICE = "this credential is listed before, with other fields"
OF_TWO = "this credential is that of {} too, and acts for one of them alone"
AT_THE_TOP = "what 'credentials' lists acts for the first {}, {}, and this would act for another, too: leave it out there"
FIXED = "its credentials are those that it began with: in the timeline, 'revoke' takes one back"


def credential_problems(scenario: JsonObject, vendors: Vendors, invalid: InvalidPaths) -> Iterator[Problem]:
    """Yield a problem for each credential that is listed with other fields than before, or for another account."""
    given = accounts_given(scenario, vendors)
    for name, vendor in vendors.items():
        known, words = given.get(name, ONE_ACCOUNT), vendor.accounts or AccountWords()
        before: dict[str, tuple[str, Any, bool]] = {}
        for path, item in listed_by(scenario, vendor):
            if path in invalid or not isinstance(credential := credential_in(vendor, item), str):
                continue
            owner, is_at_top = _owner_at(scenario, path) or known.first, path[0] == CREDENTIALS
            first, same, was_at_top = before.setdefault(credential, (owner, item, is_at_top))
            if owner != first:
                yield Problem((AT_THE_TOP.format(words.one, first) if was_at_top else OF_TWO.format(first)), path)
            elif same != item:
                yield Problem(TWICE, path)


def credentials_listed(scenario: JsonObject, vendors: Vendors, invalid: InvalidPaths) -> dict[str, list[Any]]:
    """Return the credentials that a scenario lists, without the invalid ones; no entry for a vendor of which it lists none."""
    top = invalid.valid_items(scenario.get(CREDENTIALS), (CREDENTIALS,))
    found = {name: [it for path, it in listed_by(scenario, vendor) if path not in invalid] for name, vendor in vendors.items()}
    return {name: listed for name, listed in found.items() if listed or name in top}


def _owner_at(scenario: Any, path: Path) -> str | None:
    """Return the id of the account that lists a credential; None where it stands at the top."""
    account: Any = scenario
    for part in path[:-2]:
        account = account[part]
    return account["id"] if path[0] != CREDENTIALS and isinstance(account.get("id"), str) else None


def account_problems(
    state: Any, vendors: Vendors, known: Mapping[str, Accounts], path: Path = (), invalid: InvalidPaths = NONE_INVALID
) -> Iterator[Problem]:
    """Yield where a state by vendor speaks of accounts that are not among those that its world has."""
    for name, part in state.items() if isinstance(state, dict) else ():
        vendor = vendors.get(name)
        if vendor is not None and vendor.accounts is not None and isinstance(part, dict):
            check = _Check(vendor.accounts, known.get(name, ONE_ACCOUNT))
            place = (*path, name)
            found = (*check.of_parts(part, place), *check.of_resources(every_list(part, lists_of(vendor), place)))
            yield from (it for it in found if it.path not in invalid)


class _Check:
    """The check of a vendor's state against the accounts of its world."""

    def __init__(self, words: AccountWords, accounts: Accounts) -> None:
        self._words, self._accounts, self._ids = words, accounts, accounts.ids

    def of_parts(self, state: JsonObject, path: Path) -> Iterator[Problem]:
        """Yield the problems of the accounts themselves."""
        one, several = self._words.one, self._words.several
        if one in state and several in state:
            yield Problem(f"{one!r} is for a world with one {one}: make it an item of {several!r}", (*path, one))
        elif one in state and self._ids:
            example = f"{several}: [{{id: {self._ids[0]}, ...}}]"
            yield Problem(f"this world has the {several} {some(self._ids)}: name one, as in {example}", (*path, one))
        elif several in state and not self._ids:
            reason = f"this world has one {one}, which is {one!r}; others are there only from its beginning on, in 'given'"
            yield Problem(reason, (*path, several))
        for index, item in enumerate(list_at(state, several)):
            if self._ids and isinstance(item, dict):
                yield from self._problems_of_account(item, path[:1] == ("given",), (*path, several, index))

    def _problems_of_account(self, item: JsonObject, begins: bool, path: Path) -> Iterator[Problem]:
        id = item.get("id")
        if isinstance(id, str) and id not in self._ids:
            yield self._unknown(id, (*path, "id"))
        elif not begins and CREDENTIALS in item and item[CREDENTIALS] != [*self._accounts.listed.get(str(id), ())]:
            yield Problem(FIXED, (*path, CREDENTIALS))

    def of_resources(self, lists: Iterator[Listed]) -> Iterator[Problem]:
        """Yield the problems of resources that say whose they are."""
        one = self._words.one
        for listed in lists:
            for index, item in enumerate(listed.items):
                if not isinstance(item, dict) or not (one in item or (OWNER in item and self._ids)):
                    continue
                path = (*listed.path, index)
                if one in item and OWNER in item:
                    yield Problem(f"{OWNER!r} and {one!r} say the same: leave one of them out", (*path, OWNER))
                elif not self._ids:
                    several = self._words.several
                    yield Problem(
                        f"this world has one {one}: give others as {several!r} in 'given', each with an id", (*path, one)
                    )
                else:
                    yield from self._problems_of_owner(item, path)

    def _problems_of_owner(self, item: JsonObject, path: Path) -> Iterator[Problem]:
        key = self._words.one if self._words.one in item else OWNER
        if isinstance(id := item[key], str) and id not in self._ids and (key, id) != (OWNER, SELF):
            yield self._unknown(id, (*path, key))

    def _unknown(self, id: str, path: Path) -> Problem:
        return Problem(f"no {self._words.one} is called {redact_text(id)!r}{redact_text(hint(id, self._ids))}", path)
