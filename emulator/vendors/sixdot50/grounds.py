"""What an answer rests on beside its row: the assumption that decides its status or its body, and the facts behind it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from emulator.sdk import Answer, Transaction
from emulator.vendors.sixdot50.assumptions import ADDED_BODY, IS_MEMBER, PAYING_ACCOUNT
from emulator.vendors.sixdot50.assumptions_of_calls import (
    ABSENT_VALUES,
    BALANCE_TYPE,
    CREATED_STATUS,
    STORED_INSTANTS,
    WRITTEN_INSTANTS,
    WRITTEN_SUMMARY,
)
from emulator.vendors.sixdot50.model import OURS, Account, Batch, Payment
from emulator.vendors.sixdot50.refusals import DECIDED_BY
from emulator.vendors.sixdot50.wire import is_shown_as_member, rounded

_WRITTEN = {"created": CREATED_STATUS.id, "changed": None, "added": ADDED_BODY.id}
_OPTIONAL = ("firstname", "lastname", "external_id", "settled_at", "referral_amount", "referral_msisdn")
_NOT_IN_THE_MODEL = ("external_id", "referral_amount", "referral_msisdn")
"""What the page about deletions has no place for."""

CANCELLED = "6dot50-cancel-2"
"""The evidence of a cancel that succeeds, whose sample leaves out the externalId."""


def resting(tx: Transaction, answer: Answer) -> Answer:
    """The answer with the assumption and the facts that its wording will rest on, if there are any."""
    answer = answer._replace(also=(*answer.also, *_facts_of(tx, answer)))
    if answer.assumption is not None:
        return answer
    return answer._replace(assumption=DECIDED_BY.get(answer.name) or _decided_by(tx, answer))


def _facts_of(tx: Transaction, answer: Answer) -> Iterator[str]:
    """The facts behind the fields that only some answers of a name have."""
    if answer.name == "deleted" and any(getattr(answer.subject, name, None) is not None for name in _NOT_IN_THE_MODEL):
        yield "6dot50-delete-4"
    if answer.name == "payments":
        yield "6dot50-payments-2"
    written = [answer.subject.created_at] if answer.name in ("created", "changed") else []
    stored = [at for it in _shown(tx, answer) for at in _instants_of(it, settled=answer.name != "deleted")]
    if any(at.microsecond == 0 for at in written) or any(rounded(at).microsecond % 10_000 == 0 for at in stored):
        yield "6dot50-instant-2"


def _instants_of(shown: Batch | Payment, settled: bool) -> list[datetime]:
    if isinstance(shown, Payment) and settled and shown.settled_at is not None:
        return [shown.created_at, shown.settled_at]
    return [shown.created_at]


def _decided_by(tx: Transaction, answer: Answer) -> str | None:
    """An assumption about a body counts only where the other choice would have given another body."""
    if answer.name in _WRITTEN:
        return _other_than_published(tx) or _WRITTEN[answer.name] or _about_what_is_absent(tx, answer, [answer.subject])
    if answer.name == "submitted" and tx.size(Account.kind, *OURS) > 1:
        return PAYING_ACCOUNT.id
    if answer.name == "accounts":
        return BALANCE_TYPE.id
    shown = _shown(tx, answer)
    if any(isinstance(it, Payment) and it.is_member != is_shown_as_member(tx, it) for it in shown):
        return IS_MEMBER.id
    if any(rounded(it.created_at) != it.created_at for it in shown):
        return STORED_INSTANTS.id
    return _about_what_is_absent(tx, answer, shown)


def _other_than_published(tx: Transaction) -> str | None:
    return next((it.id for it in (WRITTEN_SUMMARY, WRITTEN_INSTANTS) if tx.choice(it.id) != it.default), None)


def _about_what_is_absent(tx: Transaction, answer: Answer, shown: list[Any]) -> str | None:
    """The assumption about values that are absent, where one is; the sample of a cancelled batch shows ours."""
    if answer.evidence == CANCELLED and tx.choice(ABSENT_VALUES.id) == ABSENT_VALUES.default:
        return None
    optional = ("firstname", "lastname") if answer.name == "deleted" else _OPTIONAL
    return ABSENT_VALUES.id if any(getattr(it, name, "") is None for it in shown for name in optional) else None


def _shown(tx: Transaction, answer: Answer) -> list[Any]:
    if answer.name == "payments":
        return tx.group(Payment.kind, "batch", answer.subject.id)
    if answer.name in ("batch", "payment", "deleted", "submitted"):
        return [] if answer.subject is None else [answer.subject]
    return list(answer.subject) if answer.name == "batches" else []
