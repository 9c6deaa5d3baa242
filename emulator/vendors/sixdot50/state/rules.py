"""The rules of a batch in a scenario: its payments must fit its status, the time, their payees and each other."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from emulator.sdk import JsonDict, JsonObject, Problem, View, format_instant
from emulator.vendors.sixdot50.assumptions.batches import BATCH_EXTERNAL_IDS
from emulator.vendors.sixdot50.machine import REGISTRATION, REVERSAL
from emulator.vendors.sixdot50.model import Batch, Member, Payment, is_outside, organisation_of
from emulator.vendors.sixdot50.requests.validation import is_taken, namesakes, payments_called

Path = tuple[str | int, ...]

FITTING = {
    "DRAFT": ("DRAFT",),
    "OPEN": ("PENDING", "SETTLED", "CANCELLED"),
    "CLOSED": ("SETTLED", "CANCELLED"),
    "CANCELLED": ("CANCELLED",),
}
"""The statuses of a batch's payments, by its own. Evidence: 6dot50-submit-3, 6dot50-close-1 and 6dot50-cancel-3."""

ALSO_FITTING = {"CANCELLED": ("PENDING", "SETTLED")}
"""Further statuses, since a cancel leaves alone the payments that are not DRAFT in a batch that is."""

WITH_CAPABILITY = "only where organisation.referrals is true"
"""The condition on which a payment has referral fields. Evidence: 6dot50-referral-2."""


def will_be_member(view: View, msisdn: str) -> bool:
    """Tell whether somebody has registered with that number by now, this instant included."""
    member = view.find(Member, msisdn)
    if member is None or member.status == "registered":
        return member is not None
    length = view.length(REGISTRATION, member)
    return length is not None and member.since + length <= view.now


def fitting_times(usual: JsonObject, written: JsonObject) -> JsonDict:
    """Return when a new payment was created and came into its status: whichever is not written fits what is."""
    created, since = ({**usual, **written}[name] for name in ("created_at", "since"))
    if "created_at" not in written:
        return {"created_at": min(created, since, written.get("settled_at", since)), "since": since}
    return {"created_at": created, "since": since if "since" in written else max(since, created)}


def problems_of_tokens(tokens: Iterable[JsonObject]) -> Iterator[Problem]:
    """Yield that a token is given twice, without showing it."""
    seen = set[str]()
    for place, item in enumerate(tokens):
        if item["token"] in seen:
            yield Problem("this token is given twice", ("tokens", place, "token"))
        seen.add(item["token"])


def problems_of(view: View, batch: Batch, places: Mapping[str, int], all_payments: bool) -> Iterator[Problem]:
    """Yield the problems of a batch in the view; `places` are the indexes of the payments in the scenario, by id.

    Where the scenario names its status, `all_payments` have to fit it. A batch in DRAFT may have payments in any status,
    so that a scenario can show what happens to them.
    """
    payments: Iterable[Any] = (view.find(Payment, id) for id in places)
    for payment in view.group(Payment, "batch", batch.id) if all_payments else payments:
        path = ("payments", places[payment.id]) if payment.id in places else ()
        yield from _problems_of_payment(view, batch, payment, path)
        yield from _problems_of_settlement(payment, path)
        yield from _problems_of_time(payment, path)
        if payment.has_referral and not organisation_of(view, batch.owner).referrals:
            yield Problem(f"a payment has a referral {WITH_CAPABILITY}", path)
        yield from _problems_of_name(view, payment, places, path)
    if batch.since < batch.created_at:
        yield Problem(f"a batch is in no status before it was created, {format_instant(batch.created_at)}", ("since",))
    if batch.status == "OPEN" and not view.size(Payment, "pending", batch.id):
        yield Problem("a batch is OPEN as long as a payment of it is PENDING, and none of these is", ("status",))
    if batch.external_id is not None and not is_outside(view, batch.owner) and _is_taken(view, batch, batch.external_id):
        yield Problem(f"another batch has the externalId {batch.external_id!r}", ("externalId",))


def _problems_of_payment(view: View, batch: Batch, payment: Payment, path: Path) -> Iterator[Problem]:
    possible = (*FITTING[batch.status], *ALSO_FITTING.get(batch.status, ()))
    if batch.status != "DRAFT" and payment.status not in possible:
        fitting = " or ".join(possible)
        yield Problem(f"a payment of a batch that is {batch.status} is {fitting}, not {payment.status}", (*path, "status"))
    elif payment.status == "PENDING":
        yield from _problems_of_waiting(view, payment, path, batch.status == "OPEN")


def _problems_of_settlement(payment: Payment, path: Path) -> Iterator[Problem]:
    """Yield what contradicts the status. Evidence: 6dot50-payment-4, 6dot50-payment-6 and 6dot50-submit-2."""
    if payment.status != "SETTLED" and payment.settled_at is not None:
        yield Problem(f"a payment that is {payment.status} was not paid, so that it has no settledAt", (*path, "settledAt"))
    elif payment.status == "SETTLED" and not payment.is_member:
        yield Problem("a payment that is SETTLED was paid to a member, so that its isMember is true", (*path, "isMember"))


def _problems_of_time(payment: Payment, path: Path) -> Iterator[Problem]:
    created = f"before it was created, {format_instant(payment.created_at)}"
    if payment.since < payment.created_at:
        yield Problem(f"a payment is in no status {created}", (*path, "since"))
    elif payment.settled_at is not None and payment.settled_at < payment.created_at:
        yield Problem(f"a payment is not paid {created}", (*path, "settledAt"))


def _problems_of_waiting(view: View, payment: Payment, path: Path, submitted: bool) -> Iterator[Problem]:
    length = view.length(REVERSAL, payment)
    if length is not None and payment.since + length <= view.now and payment.since < view.now:
        ended, least = format_instant(payment.since + length), format_instant(view.now - length)
        yield Problem(f"nobody fetched this payment by {ended}: it is CANCELLED; give a since after {least}", (*path, "since"))
    elif submitted and will_be_member(view, payment.msisdn):
        yield Problem(f"{payment.msisdn} is a member, who has not to wait: this payment is SETTLED", (*path, "status"))


def _problems_of_name(view: View, payment: Payment, places: Mapping[str, int], path: Path) -> Iterator[Problem]:
    """Yield that a payment of the scenario has the externalId of one before it."""
    if payment.external_id is None or payment.id not in places:
        return
    others = payments_called(view, payment.batch_id, payment.external_id)
    if any(places.get(it.id, -1) < places[payment.id] for it in others):
        yield Problem(f"another payment has the externalId {payment.external_id!r}", (*path, "externalId"))


def _is_taken(view: View, batch: Batch, text: str) -> bool:
    if batch.status == "CANCELLED" and view.choice(BATCH_EXTERNAL_IDS) == "living":
        return False
    return is_taken(view, namesakes(view, text, batch.id), batch.owner)
