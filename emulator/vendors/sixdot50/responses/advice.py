"""Advice on a refused request: what 6DOT50 would have accepted, where its answer does not say so."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from emulator.sdk import Request, Transaction, digits_of, form_instead_of_json, format_instant
from emulator.vendors.sixdot50.assumptions.requests import OLDER_TOKENS, REVOKED_KEY, SINGULAR_PATH
from emulator.vendors.sixdot50.model import WORDS, Batch, Payment, Token, organisation_of, paying_account
from emulator.vendors.sixdot50.requests.admission import SINGULAR
from emulator.vendors.sixdot50.requests.bodies import (
    BODY,
    NUMBER,
    PAYMENT,
    mistyped,
    mistyped_in_payments,
    properties,
)
from emulator.vendors.sixdot50.requests.tokens import acting_organisation, bearer, is_of_revoked_key

EXPECTED: dict[object, str] = {str: "text", NUMBER: "a number", bool: "true or false", list: "a list"}
ACTUAL: dict[type, str] = {
    str: "text",
    int: "a number",
    Decimal: "a number",
    bool: "true or false",
    list: "a list",
    dict: "an object",
}


def advise(tx: Transaction, request: Request, answer: str) -> Iterator[str]:
    """Yield why a token or a body was refused, and what an account lacks. Evidence: 6dot50-auth-4."""
    if answer == "broken":
        yield "the platform is down, as its status in the state says"
    if answer in ("unreadable", "other_media_type"):
        yield from form_instead_of_json(request, "6DOT50")
    if answer == "other_media_type" and properties(request) is not None:
        yield "the body is JSON: send the header Content-Type: application/json with it (curl -d alone names a form)"
    if answer in ("unreadable", "invalid"):
        yield from _mistyped(request, organisation_of(tx, acting_organisation(tx)).referrals)
    if answer == "small_float" and (account := paying_account(tx, acting_organisation(tx))) is not None:
        balance, owner = min(account.balance, account.available_balance), _naming_owner(tx)
        has = f"{account.name} has {digits_of(balance)}"
        yield f"{has}; a state of {{6dot50: {{accounts: [{{{owner}deposit: 100}}]}}}} adds 100 to it"
    if answer == "astray" and request.path.lower().startswith("/za/redemptions/"):
        yield "6DOT50 publishes this path, but the Redemptions API is not emulated"
    if answer == "astray" and SINGULAR.search(request.path) and tx.choice(SINGULAR_PATH) == "404":
        yield f"the titles of 6DOT50's pages have batches in the plural; {SINGULAR_PATH.id}: served takes the singular too"
    if answer in ("unknown_batch", "unknown_payment", "forbidden"):
        yield from _advise_owner(tx, request.parameters.get("id", "").lower())
    if answer == "bad_token" and (token := bearer(request)) is not None:
        known = tx.find(Token, token)
        if known is None:
            yield "this world has no such token, or no more: it expired, or a load, reset or undo took it; getToken gives one"
        elif known.expires_at <= tx.now:
            yield f"the token expired at {format_instant(known.expires_at)}: getToken gives another"
        elif is_of_revoked_key(tx, token):
            yield f"its key was revoked; with {REVOKED_KEY.id}: live it is good until {format_instant(known.expires_at)}"
        else:
            yield f"getToken gave out a newer token for its key: that one is good, or this one with {OLDER_TOKENS.id}: live"


def _naming_owner(tx: Transaction) -> str:
    """Return what names the organisation of an account in a state, where there are several."""
    return f"{WORDS.one}: {acting_organisation(tx)}, " if tx.accounts("6dot50").ids else ""


def _advise_owner(tx: Transaction, id: str) -> Iterator[str]:
    """Yield whose what the path names is, where it is another organisation's."""
    payment, own = tx.find(Payment, id), acting_organisation(tx)
    batch = tx.find(Batch, id if payment is None else payment.batch_id)
    if batch is not None and batch.owner != own:
        yield f"{id} belongs to the organisation {batch.owner!r}, and this token acts for {own!r}"


def _mistyped(request: Request, referrals: bool) -> Iterator[str]:
    """Yield a line for each property of another type."""
    body = properties(request) or {}
    for name, value in mistyped(body, BODY):
        yield f"{name} is {_kind_of(value)}, and should be {EXPECTED[BODY[name]]}"
    for index, name, value in mistyped_in_payments(body, referrals):
        expected = EXPECTED[PAYMENT[name]] if name else "an object"
        yield f"payments[{index}]{'.' if name else ''}{name} is {_kind_of(value)}, and should be {expected}"


def _kind_of(value: Any) -> str:
    return ACTUAL.get(type(value), "null")
