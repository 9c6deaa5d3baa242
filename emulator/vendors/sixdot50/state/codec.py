"""The codec of 6DOT50's state: the platform, members and deposits of the outside world, and all that 6DOT50 keeps."""

from __future__ import annotations

import re
from collections.abc import Generator, Iterable, Iterator, Sequence
from decimal import Decimal
from typing import Any

from emulator.sdk import (
    BadInput,
    Fields,
    JsonDict,
    JsonObject,
    Problem,
    ProblemCollector,
    Transaction,
    View,
    digits_of,
    dump_fields,
    guid,
    idle_timers,
    load_fields,
    mint_id,
    refuse,
    replace,
    times_from,
    without_idle_timers,
)
from emulator.vendors.sixdot50.machine import PAYMENT as PAYMENT_MACHINE
from emulator.vendors.sixdot50.model import (
    WORDS,
    Account,
    Batch,
    Member,
    Payment,
    Token,
    platform_of,
)
from emulator.vendors.sixdot50.requests.tokens import LIFETIME
from emulator.vendors.sixdot50.state.fields import (
    ACCOUNT,
    BATCH,
    DECIMALS,
    GUID,
    PAYMENT,
    PLATFORM,
    SCHEMA,
    TOKEN,
)
from emulator.vendors.sixdot50.state.organisations import read_accounts, read_settings, show_organisations
from emulator.vendors.sixdot50.state.rules import (
    FITTING,
    Path,
    fitting_times,
    problems_of,
    problems_of_tokens,
    will_be_member,
)

_IMPLIED = {"DRAFT": "DRAFT", "CLOSED": "SETTLED", "CANCELLED": "CANCELLED"}
"""The status of a payment by that of its batch; in an OPEN one it depends on the payee."""


class SixDot50State:
    """The codec; its keys are the vendor's own where it has them.

    A payment without a status has the one that its batch implies, for as long as the batch has its own.
    """

    schema = SCHEMA
    quantities = frozenset(
        ("accounts.balance", "accounts.availableBalance", "batches.payments.amount", "batches.payments.referralAmount")
    )

    def validate(self, fragment: JsonObject) -> Iterable[Problem]:
        yield from problems_of_tokens(fragment.get("tokens", ()))
        for path, value in _amounts(fragment):
            if isinstance(value, (Decimal, float)) and not re.match(DECIMALS, digits_of(Decimal(str(value)))):
                yield Problem(f"{value} has more than two decimals", path)
        homes: dict[str, str | int] = {}
        for path, payment in _payments(fragment):
            id = payment.get("id", "").lower()
            if id and homes.setdefault(id, path[1]) != path[1]:
                yield Problem(f"the payment {id} is in another batch too", (*path, "id"))
        for path, payment in _payments(fragment):
            if "id" not in payment:
                yield from _missing(payment, path)
            yield from idle_timers(PAYMENT_MACHINE, payment, *path)

    def load(self, view: View, fragment: JsonObject) -> Iterator[Any]:
        """Yield the resources; each is in the view before the next is made: members, then a batch, then its payments."""
        begins = not view.size(Account)
        yield from read_settings(view, fragment)
        gathered = ProblemCollector()
        with gathered.part():
            yield from read_accounts(view, fragment.get("accounts", ()))
        yield from _read_members(view, fragment.get("members", ()), "registered" if begins else "registering")
        yield from _read_members(view, fragment.get("registering", ()), "registering")
        yield from (_read_token(view, item) for item in fragment.get("tokens", ()))
        for index, item in enumerate(fragment.get("batches", ())):
            with gathered.part("batches", index):
                yield from _read_batch(view, item)
        refuse(gathered.problems)

    def dump(self, view: Transaction) -> JsonDict:
        return {
            "platform": dump_fields(PLATFORM, platform_of(view)),
            **show_organisations(view),
            "accounts": [_show(view, ACCOUNT, account) for account in view.group(Account)],
            "members": [member.id for member in view.group(Member) if member.status == "registered"],
            "registering": [member.id for member in view.group(Member) if member.status == "registering"],
            "batches": [_show_batch(view, batch) for batch in view.group(Batch)],
            "tokens": [dump_fields(TOKEN, token) for token in view.group(Token)],
        }


def _payments(fragment: JsonObject) -> Iterator[tuple[Path, JsonObject]]:
    """Yield each payment of a fragment, with its path; not one that is repeated no times."""
    for number, batch in enumerate(fragment.get("batches", ())):
        for index, payment in enumerate(batch.get("payments", ())):
            if payment.get("repeat") != 0:
                yield ("batches", number, "payments", index), payment


def _amounts(fragment: JsonObject) -> Iterator[tuple[Path, Any]]:
    for number, account in enumerate(fragment.get("accounts", ())):
        yield from ((("accounts", number, name), account.get(name)) for name in ("balance", "availableBalance", "deposit"))
    for path, payment in _payments(fragment):
        yield from (((*path, name), payment.get(name)) for name in ("amount", "referralAmount"))


def _read_members(view: View, numbers: Iterable[str], status: str) -> Iterator[Member]:
    return (Member(msisdn, view.now, status) for msisdn in numbers if view.find(Member, msisdn) is None)


def _read_token(view: View, item: JsonObject) -> Token:
    values = load_fields(TOKEN, item)
    id = values.pop("token")
    return replace(view.find(Token, id) or Token(id, view.now, "", view.now + LIFETIME), **values)


def _read_batch(view: View, item: JsonObject) -> Iterator[Batch | Payment]:
    values, written = load_fields(BATCH, item, view.now), item.get("payments", ())
    id = values.pop("id", None) or mint_id(view, Batch, guid)
    old = view.find(Batch, id)
    _refuse_unfit_payments(view, id, written)
    created_at = values.get("since", view.now)
    organisations = view.accounts("6dot50")
    values |= WORDS.owner_in(organisations, item)
    new = Batch(id, view.now, created_at, "Batch", owner=organisations.first)
    batch: Batch = _changed(view, old or new, old is None, values)
    if "account_id" in values and view.find(Account, values["account_id"]) is None:
        raise BadInput.at(f"there is no account with the id {values['account_id']}", "accountId")
    yield batch
    since = batch.since if old is None or "since" in values else view.now
    usual = {"created_at": batch.created_at if old is None else view.now, "since": since}
    places = yield from _read_payments(view, batch, written, usual)
    for payment in view.group(Payment, "batch", id) if "status" in values else ():
        if payment.id not in places and payment.status not in FITTING[batch.status]:
            yield _settled(replace(payment, since=since, status=_implied_status(view, batch, payment)), {})
    refuse(problems_of(view, batch, places, all_payments="status" in values))


def _read_payments(
    view: View, batch: Batch, items: Sequence[JsonObject], usual: JsonObject
) -> Generator[Payment, None, dict[str, int]]:
    """Yield the payments of a batch, and return the index of each by its id."""
    places: dict[str, int] = {}
    former: JsonObject = {}
    for place, item in enumerate(items):
        payment = _read_payment(view, batch, load_fields(PAYMENT, item, view.now, "payments", place), usual)
        if item is not former and (more := times_from(items, place) - 1):
            former = item
            view.admit(more, payment)
        places[payment.id] = place
        yield payment
    return places


def _refuse_unfit_payments(view: View, batch_id: str, written: Sequence[JsonObject]) -> None:
    """Refuse payments that are in another batch, or are new and lack what every payment has."""
    problems: list[Problem] = []
    for place, item in enumerate(written):
        old = view.find(Payment, GUID.read(item["id"])) if "id" in item else None
        if old is None:
            problems += _missing(item, ("payments", place))
        elif old.batch_id != batch_id:
            problems.append(Problem(f"the payment {old.id} is in the batch {old.batch_id}", ("payments", place, "id")))
    refuse(problems)


def _missing(item: JsonObject, path: Path) -> list[Problem]:
    return [Problem(f"a new payment needs {name!r}", path) for name in ("msisdn", "amount") if name not in item]


def _read_payment(view: View, batch: Batch, values: JsonDict, usual: JsonObject) -> Payment:
    """Return a payment of the batch; a new one has the `usual` attributes where it names no others."""
    id = values.pop("id", None) or mint_id(view, Payment, guid)
    old = view.find(Payment, id)
    if old is not None:
        return _settled(_changed(view, old, False, values), values)
    payment = Payment(id, batch_id=batch.id, **{**usual, **values, **fitting_times(usual, values)})
    if "is_member" not in values:
        payment = replace(payment, is_member=will_be_member(view, payment.msisdn))
    if "status" not in values:
        payment = replace(payment, status=_implied_status(view, batch, payment))
    return _settled(payment, values)


def _implied_status(view: View, batch: Batch, payment: Payment) -> str:
    """Return the status that its batch implies for the payment."""
    return _IMPLIED.get(batch.status) or ("SETTLED" if will_be_member(view, payment.msisdn) else "PENDING")


def _settled(payment: Payment, written: JsonObject) -> Payment:
    """Return the payment with what its status implies beside what is written.

    One that settled has the instant of it, and a member for a payee; another has no such instant.
    """
    if payment.status != "SETTLED":
        return payment if "settled_at" in written else replace(payment, settled_at=None)
    is_member = written.get("is_member", True)
    return replace(payment, settled_at=payment.settled_at or payment.since, is_member=is_member)


def _changed(view: View, resource: Any, new: bool, values: JsonObject) -> Any:
    changed = replace(resource, **values)
    if not new and resource.status != changed.status and "since" not in values:
        changed = replace(changed, since=view.now)
    return changed


def _show_batch(view: Transaction, batch: Batch) -> JsonDict:
    payments = view.group(Payment, "batch", batch.id)
    return _show(view, BATCH, batch) | {"payments": [_show_payment(it) for it in payments]}


def _show(view: View, fields: Fields, resource: Account | Batch) -> JsonDict:
    return WORDS.with_account(view.accounts("6dot50"), dump_fields(fields, resource), resource.owner)


def _show_payment(payment: Payment) -> JsonDict:
    return without_idle_timers(PAYMENT_MACHINE, dump_fields(PAYMENT, payment))
