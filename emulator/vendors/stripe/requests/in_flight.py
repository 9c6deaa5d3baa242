"""Idempotency keys that are in use: those of requests that have come, and have not taken effect yet."""

from __future__ import annotations

from emulator.sdk import Answer, Operation, Request, View
from emulator.vendors.stripe.assumptions.requests import KEY_IN_USE
from emulator.vendors.stripe.requests.contexts import acting


def refusal_of_key_in_use(view: View, request: Request, operation: Operation) -> Answer | None:
    """Return why a request is refused whose key another is using, None where none is. Evidence: stripe-idempotency-9."""
    key = _key(request)
    if key is None or view.choice(KEY_IN_USE.id) == "execute":
        return None
    account = acting(view, request)
    used = any(
        name == operation.name and _key(earlier) == key and acting(view, earlier) == account
        for name, earlier in request.in_flight
    )
    return Answer("key_in_use", "stripe-idempotency-9", None, KEY_IN_USE.id) if used else None


def _key(request: Request) -> str | None:
    return None if request.method == "GET" else request.headers.get("idempotency-key") or None
