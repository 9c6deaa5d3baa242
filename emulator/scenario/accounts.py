"""The accounts that a scenario gives to vendors, the credentials of each, and those that a world has of its own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from emulator.kernel.accounts import ONE_ACCOUNT, Accounts
from emulator.kernel.limits import Rules
from emulator.kernel.resource import structs
from emulator.kernel.world import World
from emulator.kernel.worlds import Claim
from emulator.scenario.document import JsonDict, JsonObject, Path, list_at
from emulator.sdk.vendor import Vendor, Vendors

CREDENTIALS = "credentials"
"""The key of a scenario that lists credentials by vendor, and the key of an account that lists its own."""

Listed = Iterator[tuple[Path, Any]]
"""Credentials as they are listed, each with its place in the scenario."""


def credential_in(vendor: Vendor, item: Any) -> Any:
    """Return the credential of an item that lists it alone, or with all its fields."""
    return item.get(vendor.credential_field) if isinstance(item, dict) else item


def accounts_given(scenario: Any, vendors: Vendors) -> dict[str, Accounts]:
    """Return by vendor the accounts that a scenario tells apart, valid or not, and the credentials that it lists for each."""
    given = scenario.get("given") if isinstance(scenario, Mapping) else None
    return {name: accounts for name, vendor in vendors.items() if (accounts := _accounts_in(given, vendor)).ids}


def _accounts_in(given: Any, vendor: Vendor) -> Accounts:
    state = given.get(vendor.name) if isinstance(given, Mapping) else None
    items = list_at(state, vendor.accounts.several) if vendor.accounts else ()
    named = [it for it in items if isinstance(it, dict) and isinstance(it.get("id"), str)]
    if not named:
        return ONE_ACCOUNT
    listed = {it["id"]: tuple(list_at(it, CREDENTIALS)) for it in named}
    owners = {it: id for id, some in listed.items() for item in some if isinstance(it := credential_in(vendor, item), str)}
    return Accounts(tuple(listed), owners, listed, named[0]["id"])


def listed_by(scenario: Any, vendor: Vendor) -> Listed:
    """Yield the credentials of a vendor that a scenario lists, valid or not: at its top, and for each account."""
    root = scenario if isinstance(scenario, Mapping) else {}
    for index, item in enumerate(list_at(root.get(CREDENTIALS), vendor.name)):
        yield (CREDENTIALS, vendor.name, index), item
    given = root.get("given")
    state = given.get(vendor.name) if isinstance(given, Mapping) else None
    several = vendor.accounts.several if vendor.accounts else ""
    for place, account in enumerate(list_at(state, several) if several else ()):
        for index, item in enumerate(list_at(account, CREDENTIALS)):
            yield ("given", vendor.name, several, place, CREDENTIALS, index), item


def is_listing(scenario: JsonObject, vendor: Vendor) -> bool:
    """Tell whether a scenario says which credentials of a vendor are good, if only that there are none."""
    return vendor.name in scenario.get(CREDENTIALS, {}) or next(listed_by(scenario, vendor), None) is not None


def accepted_by(scenario: JsonObject, vendor: Vendor) -> dict[str, dict[str, str]]:
    """Return the fields of each credential that a scenario lists, none of one that is only named."""
    items = [item for _, item in listed_by(scenario, vendor)]
    return {credential_in(vendor, it): {} if isinstance(it, str) else it for it in items}


def own_credentials(vendor: Vendor, accounts: Accounts) -> dict[str, str]:
    """Return the texts that stand for a world's own credentials of a vendor, as in steps, each with the account it acts for.

    `{serpwow.api_key}` is that of the first, and `{serpwow.b.api_key}` that of the account b.
    """
    field = vendor.credential_field
    own = {f"{{{vendor.name}.{field}}}": accounts.first}
    return own | {f"{{{vendor.name}.{id}.{field}}}": id for id in accounts.ids}


def placeholders(credentials: Mapping[str, Mapping[str, Any]]) -> dict[str, str]:
    """Return what the names in braces stand for, given what the control plane tells of a world's credentials."""
    filled: dict[str, str] = {}
    for vendor, fields in credentials.items():
        for name, value in fields.items():
            by_account = value if isinstance(value, dict) else {}
            filled |= {f"{vendor}.{id}.{field}": it for id, own in by_account.items() for field, it in own.items()}
            filled |= {} if by_account else {f"{vendor}.{name}": value}
    return filled


def with_own_credentials(rules: Rules, vendors: Vendors, id: str, seed: int) -> Rules:
    """Return rules for a world of this id and seed, which accepts credentials of its own for each account, too."""
    credentials, accounts = dict(rules.credentials), dict(rules.accounts)
    for name, vendor in vendors.items():
        known = accounts.get(name, ONE_ACCOUNT)
        own = {it.credential: id for id, it in vendor.credentials_by_account(id, seed, known).items()}
        if (accepted := credentials.get(name)) is not None:
            credentials[name] = {**accepted, **{credential: {} for credential in own}}
        if known.ids:
            accounts[name] = structs.replace(known, owners={**known.owners, **own})
    return structs.replace(rules, credentials=credentials, accounts=accounts)


def fields_by_account(vendor: Vendor, world: World) -> dict[str, Any]:
    """Return the fields of a world's own credentials of a vendor, of the first account, and of each of several."""
    accounts = world.rules.accounts.get(vendor.name, ONE_ACCOUNT)
    own = vendor.credentials_by_account(world.id, world.seed, accounts)
    several = {id: dict(own[id].fields) for id in accounts.ids}
    return {**own[accounts.first].fields, **({vendor.accounts.several: several} if vendor.accounts and several else {})}


def with_credentials(state: JsonDict, vendor: Vendor, accounts: Accounts) -> JsonDict:
    """Return the state of a vendor with the credentials that its scenario lists for each account, as it was given."""
    several = vendor.accounts.several if vendor.accounts and accounts.ids else ""
    listed = {id: [*items] for id, items in accounts.listed.items() if items}
    changed = [it | ({CREDENTIALS: listed[it["id"]]} if it["id"] in listed else {}) for it in state.get(several, ())]
    return state | ({several: changed} if changed else {})


def own_claims(world: World, vendors: Vendors) -> list[Claim]:
    """Return the credentials of its own by which a world is picked."""
    accounts = world.rules.accounts
    return [
        (name, it.credential)
        for name, vendor in vendors.items()
        for it in vendor.credentials_by_account(world.id, world.seed, accounts.get(name, ONE_ACCOUNT)).values()
    ]
