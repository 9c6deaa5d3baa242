"""The platform, organisations and their accounts in 6DOT50's state."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from emulator.sdk import (
    OWNER,
    SELF,
    BadInput,
    JsonDict,
    JsonObject,
    View,
    attribute_of,
    dump_fields,
    guid,
    load_fields,
    mint_id,
    replace,
)
from emulator.vendors.sixdot50.model import (
    ALL,
    CURRENCY,
    REFERRED,
    WORDS,
    Account,
    Batch,
    Organisation,
    Payment,
    Platform,
    organisation_of,
    paying_account,
    platform_of,
)
from emulator.vendors.sixdot50.state.fields import ACCOUNT, MONEY, ORGANISATION, PLATFORM
from emulator.vendors.sixdot50.state.rules import WITH_CAPABILITY, Path


def read_settings(view: View, fragment: JsonObject) -> Iterator[Platform | Organisation]:
    if "platform" in fragment:
        yield replace(platform_of(view), since=view.now, **load_fields(PLATFORM, fragment["platform"]))
    for id, item, path in _organisations_in(fragment):
        organisation = replace(organisation_of(view, id), **load_fields(ORGANISATION, item))
        if not organisation.referrals and any(_owner(view, it) == id for it in view.group(Payment, *REFERRED)):
            raise BadInput.at(f"a payment has a referral, which it can have {WITH_CAPABILITY}", *path, "referrals")
        yield organisation


def _organisations_in(fragment: JsonObject) -> Iterator[tuple[str, JsonObject, Path]]:
    """Yield the id, the fields and the place of each organisation that a fragment speaks of."""
    if WORDS.one in fragment:
        yield SELF, fragment[WORDS.one], (WORDS.one,)
    for place, item in enumerate(fragment.get(WORDS.several, ())):
        yield item["id"], {name: it for name, it in item.items() if name != "id"}, (WORDS.several, place)


def _owner(view: View, payment: Payment) -> str | None:
    batch = view.find(Batch, payment.batch_id)
    return None if batch is None else batch.owner


def show_organisations(view: View) -> JsonDict:
    organisations = view.accounts("6dot50")
    shown = {id: dump_fields(ORGANISATION, organisation_of(view, id)) for id in organisations.ids or (SELF,)}
    return {WORDS.several: [{"id": id} | it for id, it in shown.items()]} if organisations.ids else {WORDS.one: shown[SELF]}


def read_accounts(view: View, items: Sequence[JsonObject]) -> Iterable[Account]:
    """Return the accounts that are added or changed; an organisation without any gets the default one."""
    read: dict[str, Account] = {}
    for index, item in enumerate(items):
        account = _read_account(view, item, read, index)
        read[account.id] = account
    owners = {account.owner for account in read.values()}
    for owner in view.accounts("6dot50").ids or (SELF,):
        if owner not in owners and not view.size(Account, "currency", owner, CURRENCY):
            account = Account(mint_id(view, Account, guid, read), view.now, view.now, owner=owner)
            read[account.id] = account
    return read.values()


def _read_account(view: View, item: JsonObject, read: Mapping[str, Account], index: int) -> Account:
    values = load_fields(ACCOUNT, item, view.now, "accounts", index)
    values.pop("id", None)
    if "balance" in values:
        values.setdefault("available_balance", values["balance"])
    organisations = view.accounts("6dot50")
    owner = {OWNER: organisations.first, **WORDS.owner_in(organisations, item)}[OWNER]
    old = _find_account(view, owner if WORDS.one in item else None, item, index)
    if old is None and "deposit" in item:
        raise BadInput.at("a deposit needs an account that is there already", "accounts", index, "deposit")
    if old is None:
        old = Account(item.get("id", "").lower() or mint_id(view, Account, guid), view.now, view.now, owner=owner)
    changed = replace(read.get(old.id, old), **values)
    deposit = MONEY.read(item.get("deposit", 0))
    return replace(changed, balance=changed.balance + deposit, available_balance=changed.available_balance + deposit)


def _find_account(view: View, owner: str | None, item: JsonObject, index: int) -> Account | None:
    """Return the account of that id, shortName or name, of any owner where None is named; a deposit alone is for the payer."""
    accounts = view.group(Account) if owner is None else view.group(Account, ALL, owner)
    for name in ("id", "shortName", "name"):
        if name in item:
            value = ACCOUNT[name].read(item[name])
            found = [account for account in accounts if getattr(account, attribute_of(name)) == value]
            if len(found) > 1:
                ids = " or ".join(account.id for account in found[:2])
                problem = f"{len(found)} accounts have the {name} {value!r}: give an id, such as {ids}"
                raise BadInput.at(problem, "accounts", index, name)
            return found[0] if found else None
    return paying_account(view, owner or view.accounts("6dot50").first) if "deposit" in item else None
