"""The account that a request acts for, as its headers Stripe-Context and Stripe-Account name it."""

from __future__ import annotations

import re
from collections.abc import Iterator

from emulator.sdk import Answer, Request, View
from emulator.vendors.stripe.assumptions.requests import ACCOUNT_HEADER, MALFORMED_CONTEXT
from emulator.vendors.stripe.model.accounts import account_of
from emulator.vendors.stripe.model.jobs import SELF

_ACCOUNT = re.compile(r"acct_\w+", re.ASCII)


def acting(view: View, request: Request) -> str:
    """Return whom a request acts for: the last account of its context, or the keys' own. Evidence: stripe-context-1."""
    named = _context(request).rpartition("/")[2]
    return SELF if named in ("", account_of(view).name) else named


def refusal_of_context(view: View, request: Request) -> Answer | None:
    """Return why the account that a request names is refused, None where none is named or it may be acted for."""
    if request.headers.get("stripe-account") and view.choice(ACCOUNT_HEADER.id) == "refuse":
        message = "The header Stripe-Account is not supported here; send Stripe-Context instead"
        return Answer("invalid_fields", "stripe-context-3", message, ACCOUNT_HEADER.id)
    if is_well_formed(view, _context(request)) or view.choice(MALFORMED_CONTEXT.id) == "accept":
        return None
    return Answer("wrong_account", "stripe-context-4", _context(request), MALFORMED_CONTEXT.id)


def is_well_formed(view: View, context: str) -> bool:
    """Return whether a context is empty, or a path of account ids."""
    own = account_of(view).name
    return not context or all(it == own or _ACCOUNT.fullmatch(it) for it in context.split("/"))


def facts_of_context(view: View, request: Request) -> Iterator[str]:
    """Yield what an answer rests on whose request names an account."""
    context = _context(request)
    if not context:
        return
    if not request.headers.get("stripe-context"):
        yield "stripe-context-3"
    if not is_well_formed(view, context):
        yield "stripe-context-4"
    elif acting(view, request) != SELF:
        yield "stripe-context-2"


def _context(request: Request) -> str:
    """Return the path of accounts; where both headers are sent, that of the newer one. Evidence: stripe-context-3."""
    return request.headers.get("stripe-context") or request.headers.get("stripe-account", "")
