"""How 6DOT50's state is read and shown: the outside world's `platform`, `members` and `deposit`s, and what 6DOT50 keeps."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

from emulator.kernel.errors import BadInput, Problem
from emulator.kernel.machine import View
from emulator.kernel.transaction import Transaction
from emulator.vendors.fields import Fields
from emulator.vendors.sixdot50.grammar import (
    ACCOUNT,
    BATCH,
    DECIMALS,
    GUID,
    MONEY,
    ORGANISATION,
    PAYMENT,
    PLATFORM,
    SCHEMA,
    TOKEN,
)
from emulator.vendors.sixdot50.ids import new_id
from emulator.vendors.sixdot50.model import CURRENCY, OURS, SELF, Account, Batch, Member, Organisation, Payment, Platform, Token
from emulator.vendors.sixdot50.money import paying_account
from emulator.vendors.sixdot50.tokens import LIFETIME

_USUAL = {"DRAFT": "DRAFT", "CLOSED": "SETTLED", "CANCELLED": "CANCELLED"}
"""What becomes of a payment by the time its batch is in a status; in an OPEN one that depends on the payee."""

_FITTING = {
    "DRAFT": ("DRAFT",),
    "OPEN": ("PENDING", "SETTLED", "CANCELLED"),
    "CLOSED": ("SETTLED", "CANCELLED"),
    "CANCELLED": ("CANCELLED",),
}


class SixDot50Given:
    """Keys are the vendor's own where it has them. A payment that says nothing of its status has the one its batch implies."""

    schema = SCHEMA
    quantities = frozenset(
        ("accounts.balance", "accounts.availableBalance", "batches.payments.amount", "batches.payments.referralAmount")
    )

    def check(self, fragment: Mapping[str, Any]) -> Iterable[Problem]:
        for path, value in _amounts(fragment):
            if isinstance(value, (Decimal, float)) and not re.match(DECIMALS, format(Decimal(str(value)), "f")):
                yield Problem(f"{value} has more than two decimals", path)
        yield from _shared_payments(fragment)

    def read(self, view: View, fragment: Mapping[str, Any]) -> list[Any]:
        members = {msisdn: Member(msisdn, view.now) for msisdn in fragment.get("members", ())}
        new = [member for member in members.values() if view.find(Member.kind, member.id) is None]
        accounts = _read_accounts(view, fragment.get("accounts", ()))
        tokens = [_read_token(view, item) for item in fragment.get("tokens", ())]
        batches: list[Any] = []
        for index, item in enumerate(fragment.get("batches", ())):
            batches += _read_batch(view, item, index, members)
        return [*_read_settings(view, fragment), *accounts, *new, *tokens, *batches]

    def show(self, view: Transaction) -> dict[str, Any]:
        platform: Platform = view.find(Platform.kind, SELF) or Platform(view.now)
        organisation: Organisation = view.find(Organisation.kind, SELF) or Organisation(view.now)
        return {
            "platform": _shown(PLATFORM, platform),
            "organisation": _shown(ORGANISATION, organisation),
            "accounts": [_shown(ACCOUNT, account) for account in view.all(Account.kind)],
            "members": [member.id for member in view.all(Member.kind)],
            "batches": [_show_batch(view, batch) for batch in view.all(Batch.kind)],
            "tokens": [{"token": token.id} | _shown(TOKEN, token) for token in view.all(Token.kind)],
        }


def _shared_payments(fragment: Mapping[str, Any]) -> Iterator[Problem]:
    homes: dict[str, int] = {}
    for number, batch in enumerate(fragment.get("batches", ())):
        for index, payment in enumerate(batch.get("payments", ())):
            id = payment.get("id", "").lower()
            if id and homes.setdefault(id, number) != number:
                yield Problem(f"the payment {id} is in another batch too", ("batches", number, "payments", index, "id"))


def _amounts(fragment: Mapping[str, Any]) -> Iterator[tuple[tuple[str | int, ...], Any]]:
    for number, account in enumerate(fragment.get("accounts", ())):
        for name in ("balance", "availableBalance", "deposit"):
            yield ("accounts", number, name), account.get(name)
    for number, batch in enumerate(fragment.get("batches", ())):
        for index, payment in enumerate(batch.get("payments", ())):
            for name in ("amount", "referralAmount"):
                yield ("batches", number, "payments", index, name), payment.get(name)


def _read_settings(view: View, fragment: Mapping[str, Any]) -> Iterator[Platform | Organisation]:
    if "platform" in fragment:
        platform: Platform = view.find(Platform.kind, SELF) or Platform(view.now)
        yield replace(platform, since=view.now, **_values(PLATFORM, fragment["platform"]))
    if "organisation" in fragment:
        organisation: Organisation = view.find(Organisation.kind, SELF) or Organisation(view.now)
        yield replace(organisation, **_values(ORGANISATION, fragment["organisation"]))


def _read_accounts(view: View, items: Sequence[Mapping[str, Any]]) -> Iterable[Account]:
    """The accounts that are added or changed; an organisation without any has the one that all have by default."""
    read: dict[str, Account] = {}
    for index, item in enumerate(items):
        account = _read_account(view, item, read, index)
        read[account.id] = account
    if not read and not view.size(Account.kind, "currency", CURRENCY):
        return [Account(new_id(view, Account.kind), view.now, view.now)]
    return read.values()


def _read_account(view: View, item: Mapping[str, Any], read: Mapping[str, Account], index: int) -> Account:
    values = _values(ACCOUNT, item)
    values.pop("id", None)
    if "balance" in values:
        values.setdefault("available_balance", values["balance"])
    old = _account_meant(view, item)
    if old is None and "deposit" in item:
        raise BadInput([Problem("a deposit needs an account that is there already", ("accounts", index, "deposit"))])
    if old is None:
        old = Account(item.get("id", "").lower() or new_id(view, Account.kind), view.now, view.now)
    changed = replace(read.get(old.id, old), **values)
    deposit = MONEY.read(item.get("deposit", 0))
    return replace(changed, balance=changed.balance + deposit, available_balance=changed.available_balance + deposit)


def _account_meant(view: View, item: Mapping[str, Any]) -> Account | None:
    """The account of that id; else the one of that shortName, or of that name; a deposit alone is for the one that pays."""
    if "id" in item:
        account: Account | None = view.find(Account.kind, GUID.read(item["id"]))
        return account
    accounts: list[Account] = view.group(Account.kind, *OURS)
    if "shortName" in item:
        return next((it for it in accounts if it.short_name == item["shortName"]), None)
    if "name" in item:
        return next((it for it in accounts if it.name == item["name"]), None)
    return paying_account(view) if "deposit" in item else None


def _read_token(view: View, item: Mapping[str, Any]) -> Token:
    values = _values(TOKEN, item)
    id = values.pop("token")
    token: Token = view.find(Token.kind, id) or Token(id, view.now, "", view.now + LIFETIME)
    return replace(token, **values)


def _read_batch(view: View, item: Mapping[str, Any], index: int, members: Mapping[str, Member]) -> Iterator[Batch | Payment]:
    values = _values(BATCH, item)
    id = values.pop("id", None) or new_id(view, Batch.kind)
    old = view.find(Batch.kind, id)
    batch = _changed(view, old or Batch(id, view.now, values.get("created_at", view.now), "Batch"), old is None, values)
    yield batch
    named = set()
    for number, written in enumerate(item.get("payments", ())):
        payment = _read_payment(view, batch, written, members, ("batches", index, "payments", number))
        named.add(payment.id)
        yield payment
    for payment in view.group(Payment.kind, "batch", id) if "status" in values else ():
        if payment.id not in named and payment.status not in _FITTING[batch.status]:
            yield _as_usual(view, batch, replace(payment, since=view.now), members)


def _read_payment(
    view: View, batch: Batch, item: Mapping[str, Any], members: Mapping[str, Member], path: tuple[str | int, ...]
) -> Payment:
    values = _values(PAYMENT, item)
    id = values.pop("id", None) or new_id(view, Payment.kind)
    old = view.find(Payment.kind, id)
    if old is None:
        _refuse_missing(values, path)
        return _new_payment(view, batch, id, values, members)
    if old.batch_id != batch.id:
        raise BadInput([Problem(f"the payment {id} is in the batch {old.batch_id}", (*path, "id"))])
    return _settled(_changed(view, old, False, values), {})


def _new_payment(view: View, batch: Batch, id: str, values: dict[str, Any], members: Mapping[str, Member]) -> Payment:
    values.setdefault("created_at", batch.created_at if view.find(Batch.kind, batch.id) is None else view.now)
    values.setdefault("since", view.now)
    payment = Payment(id, batch_id=batch.id, **values)
    if "is_member" not in values:
        payment = replace(payment, is_member=_is_member(view, payment, members))
    return _settled(payment, {}) if "status" in values else _as_usual(view, batch, payment, members)


def _refuse_missing(values: Mapping[str, Any], path: tuple[str | int, ...]) -> None:
    problems = [Problem(f"a new payment has {name!r}", path) for name in ("msisdn", "amount") if name not in values]
    if problems:
        raise BadInput(problems)


def _as_usual(view: View, batch: Batch, payment: Payment, members: Mapping[str, Member]) -> Payment:
    """The payment in the status that its batch's implies."""
    known = _is_member(view, payment, members)
    status = _USUAL.get(batch.status) or ("SETTLED" if known else "PENDING")
    return _settled(payment, {"status": status})


def _settled(payment: Payment, values: Mapping[str, Any]) -> Payment:
    """The payment with new values; one that is settled has an instant at which it was, and a member for a payee."""
    changed = replace(payment, **values)
    if changed.status != "SETTLED":
        return changed
    return replace(changed, settled_at=changed.settled_at or changed.since, is_member=True)


def _changed(view: View, resource: Any, new: bool, values: Mapping[str, Any]) -> Any:
    changed = replace(resource, **values)
    if not new and resource.status != changed.status and "since" not in values:
        changed = replace(changed, since=view.now)
    return changed


def _is_member(view: View, payment: Payment, members: Mapping[str, Member]) -> bool:
    return payment.msisdn in members or view.find(Member.kind, payment.msisdn) is not None


def _show_batch(view: Transaction, batch: Batch) -> dict[str, Any]:
    payments = view.group(Payment.kind, "batch", batch.id)
    return _shown(BATCH, batch) | {"payments": [_shown(PAYMENT, payment) for payment in payments]}


def _attribute(name: str) -> str:
    return re.sub("[A-Z]", lambda capital: f"_{capital[0].lower()}", name)


def _values(fields: Fields, written: Mapping[str, Any]) -> dict[str, Any]:
    return {_attribute(name): fields[name].read(value) for name, value in written.items() if name in fields}


def _shown(fields: Fields, resource: Any) -> dict[str, Any]:
    values = {name: getattr(resource, _attribute(name), None) for name in fields}
    return {name: fields[name].show(value) for name, value in values.items() if value is not None}
