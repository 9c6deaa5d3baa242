"""The keys that a request may carry: secret ones, and others as assumed; one that the scenario lists is good in any form."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from emulator.sdk import Answer, Transaction
from emulator.vendors.stripe.assumptions.requests import ORGANIZATION_KEY, OTHER_KEY, PUBLISHABLE_KEY, RESTRICTED_KEY

PUBLISHABLE, RESTRICTED, SECRET, ORGANIZATION = "pk_", "rk_", "sk_", "sk_org"


def refusal_of_key(tx: Transaction, key: str | None) -> Answer | None:
    """Return why a key is refused, None where it is good."""
    if key is None or not tx.accepts("stripe", key):
        return Answer("unauthenticated", "stripe-auth-2")
    if tx.lists_credential("stripe", key):
        return None
    if key.startswith(PUBLISHABLE):
        return Answer("publishable_key", "stripe-auth-3", None, PUBLISHABLE_KEY.id)
    if key.startswith(RESTRICTED):
        refused = tx.choice(RESTRICTED_KEY.id) == "refuse"
        return Answer("restricted_key", "stripe-auth-5", None, RESTRICTED_KEY.id) if refused else None
    if not key.startswith(SECRET) and tx.choice(OTHER_KEY.id) == "401":
        return Answer("unauthenticated", "stripe-auth-6", None, OTHER_KEY.id)
    return None


def refusal_of_organization(key: str | None, headers: Mapping[str, str]) -> Answer | None:
    """Return why an organization's key is refused, None where the request says which account it is for."""
    if key is None or not key.startswith(ORGANIZATION) or headers.get("stripe-context"):
        return None
    return Answer("no_context", "stripe-auth-8", None, ORGANIZATION_KEY.id)


def facts_of_key(tx: Transaction, key: str | None) -> Iterator[str]:
    """Yield what an answer rests on whose key is neither secret nor listed by the scenario."""
    if key is None or key.startswith(SECRET) or tx.lists_credential("stripe", key):
        return
    yield "stripe-auth-5" if key.startswith(RESTRICTED) else "stripe-auth-6"
