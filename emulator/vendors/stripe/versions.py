"""The previews of the API: which there are, and what a batch job may do and shows in each."""

from __future__ import annotations

import re
from dataclasses import dataclass

_DATED = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)

WITHOUT_RPS = "2026-06-24"
"""The first version that knows no maximum_rps, and no longer requires metadata. Evidence: stripe-version-2."""

DELETES = "2026-04-22"
"""The first version that has the method delete. Evidence: stripe-endpoint-4."""

VERSIONS = frozenset(
    f"{date}.preview"
    for date in (
        "2026-03-25",
        DELETES,
        "2026-05-27",
        WITHOUT_RPS,
        "2026-07-29",
        "2026-08-26",
        "2026-09-30",
        "2026-10-14",
    )
)
"""The previews that have batch jobs. Evidence: stripe-version-3."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """What each row of a job calls: a method and a path, whose placeholders begin with a colon."""

    http_method: str = "post"
    path: str = "/v1/customers/:customer"

    @property
    def placeholders(self) -> tuple[str, ...]:
        """The names that every row must give values for."""
        return tuple(segment[1:] for segment in self.path.split("/") if segment.startswith(":"))

    def is_like(self, other: Endpoint) -> bool:
        """Whether both are the same, whatever their placeholders are called. Evidence: stripe-paths-1."""
        return self.http_method == other.http_method and _shape(self.path) == _shape(other.path)

    def show(self) -> dict[str, str]:
        """The endpoint as it is written."""
        return {"http_method": self.http_method, "path": self.path}


def knows_rps(version: str) -> bool:
    """Whether jobs of this version have maximum_rps; a version without a date is taken for the newest."""
    return _DATED.match(version) is not None and version < WITHOUT_RPS


def supports(version: str, endpoint: Endpoint) -> bool:
    """Whether jobs of this version may call the endpoint."""
    return _shape(endpoint.path) in _methods_of(version).get(endpoint.http_method, frozenset())


def endpoints_of(version: str) -> list[Endpoint]:
    """Every endpoint that jobs of this version may call."""
    found = [(method, path.replace(":", ":id")) for method, paths in _methods_of(version).items() for path in paths]
    return [Endpoint(*it) for it in sorted(found)]


def supports_ever(endpoint: Endpoint) -> bool:
    """Whether jobs of any version may call the endpoint."""
    return any(_shape(endpoint.path) in methods.get(endpoint.http_method, frozenset()) for _, methods in _LISTS)


def _methods_of(version: str) -> dict[str, frozenset[str]]:
    dated = version if _DATED.match(version) else "9999"
    return next(methods for first, methods in reversed(_LISTS) if dated >= first or first == _LISTS[0][0])


def _shape(path: str) -> str:
    """The path with its placeholders made alike."""
    return "/".join(":" if segment.startswith(":") else segment for segment in path.split("/"))


def _paths(text: str) -> frozenset[str]:
    return frozenset(f"/v1/{path}" for path in text.split())


_FIRST = _paths(
    "accounts/: credit_notes customers/: invoices/: invoices/:/pay promotion_codes promotion_codes/: subscriptions/:"
    " subscriptions/:/migrate subscription_schedules subscription_schedules/: subscription_schedules/:/cancel"
)
_SECOND = _paths("accounts/: coupons customers/: promotion_codes promotion_codes/: subscriptions/: subscriptions/:/migrate")
_SUBSCRIPTION = _paths("subscriptions/:")
_NEWEST = _paths(
    "accounts accounts/: coupons coupons/: credit_notes customers customers/: customers/:/funding_instructions"
    " customers/:/subscriptions customers/:/subscriptions/: customers/:/bank_accounts customers/:/bank_accounts/:"
    " customers/:/bank_accounts/:/verify customers/:/cards customers/:/cards/: customers/:/tax_ids customers/:/sources"
    " customers/:/sources/: customers/:/sources/:/verify customers/:/balance_transactions"
    " customers/:/balance_transactions/: customers/:/cash_balance customer_sessions disputes/:/close invoices invoices/:"
    " invoices/:/pay invoices/:/send invoices/:/void invoices/:/finalize invoices/:/mark_uncollectible"
    " invoices/:/update_lines invoices/:/add_lines invoices/:/remove_lines invoices/create_preview invoices/:/lines/:"
    " invoiceitems invoiceitems/: invoice_rendering_templates/:/archive invoice_rendering_templates/:/unarchive"
    " payment_methods/:/attach prices prices/: products products/: products/:/features promotion_codes promotion_codes/:"
    " radar/value_list_items refunds refunds/:/cancel subscriptions subscriptions/: subscriptions/:/migrate"
    " subscriptions/:/resume subscriptions/:/pause subscription_items subscription_items/: subscription_schedules"
    " subscription_schedules/: subscription_schedules/:/cancel subscription_schedules/:/release tax/registrations"
    " tax/registrations/: tax/settings tax/transactions/create_reversal tax_ids tax_rates tax_rates/:"
)
_NEWEST_DELETED = _paths(
    "accounts/: coupons/: customers/: customers/:/discount customers/:/subscriptions/: customers/:/subscriptions/:/discount"
    " customers/:/bank_accounts/: customers/:/cards/: customers/:/sources/: customers/:/tax_ids/: invoices/: invoiceitems/:"
    " products/: products/:/features/: subscriptions/: subscription_items/: tax_ids/:"
)
_LISTS: tuple[tuple[str, dict[str, frozenset[str]]], ...] = (
    ("2026-03-25", {"post": _FIRST}),
    (DELETES, {"post": _FIRST, "delete": _SUBSCRIPTION}),
    ("2026-05-27", {"post": _SECOND, "delete": _SUBSCRIPTION}),
    ("2026-10-14", {"post": _NEWEST, "delete": _NEWEST_DELETED}),
)
"""From each version on, the paths of each method. Evidence: stripe-endpoint-1."""
