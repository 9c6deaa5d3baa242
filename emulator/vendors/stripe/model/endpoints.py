"""The endpoints that jobs may call, by release channel and version, as the parameter types of Stripe's clients list them.

Each line has the methods of a path; where a list has a path twice, it is there for both. Evidence: stripe-endpoint-1,
stripe-endpoint-5 and stripe-endpoint-6.
"""

from __future__ import annotations

import re
from functools import cache, lru_cache

from emulator.sdk import Struct, pattern
from emulator.vendors.stripe.model.versions import TWO_LISTS, date_of

ACTIONS = frozenset(
    [
        "add_lines",
        "archive",
        "attach",
        "cancel",
        "close",
        "create_preview",
        "create_reversal",
        "finalize",
        "mark_uncollectible",
        "migrate",
        "pause",
        "pay",
        "release",
        "remove_lines",
        "resume",
        "send",
        "unarchive",
        "update_lines",
        "verify",
        "void",
    ]
)
"""The last segments of paths that do something to the resource before them, or make one of its kind."""


WITH_OWN_ID = ("/v1/coupons", "/v1/products")
"""The paths that create something under the id that is asked for. Evidence: stripe-results-7."""

_PLACEHOLDER = pattern(r":\w+", re.ASCII)
_SEGMENT = pattern(r"(?<![^/]):\w++(?![^/])", re.ASCII)


def _is_placeholder(segment: str) -> bool:
    return segment.startswith(":") and _PLACEHOLDER.fullmatch(segment) is not None


class Endpoint(Struct, frozen=True, gc=False):
    """The method and the path that each row of a job calls; placeholders in the path begin with a colon."""

    http_method: str = "post"
    path: str = "/v1/customers/:customer"

    def __str__(self) -> str:
        return f"{self.http_method.upper()} {self.path}"

    @property
    def placeholders(self) -> tuple[str, ...]:
        """The names that each row must give values for."""
        return tuple([segment[1:] for segment in self.path.split("/") if _is_placeholder(segment)])

    @property
    def names_target(self) -> bool:
        """True where the last placeholder is the resource that the answer shows, as it is not of one that a call creates."""
        *_, before, last = self.path.split("/")
        return _is_placeholder(last) or (last in ACTIONS and _is_placeholder(before))

    @property
    def takes_id(self) -> bool:
        """True where a row may say which id the resource has that it creates."""
        return self.path in WITH_OWN_ID

    @property
    def shape(self) -> tuple[str, str]:
        """The method and the path, with each placeholder alike. Evidence: stripe-paths-1."""
        return self.http_method, _SEGMENT.sub(":id", self.path)


PUBLIC, PRIVATE = "public", "private"

Methods = dict[str, frozenset[str]]
"""From each path to the methods that it may be called with."""


def _parse(table: str) -> Methods:
    lines = (line.rpartition(" ") for line in table.strip().splitlines())
    return {path.strip(): frozenset(methods.split()) for methods, _, path in lines}


FIRST = _parse("""
    post /v1/accounts/:account
    post /v1/credit_notes
    post /v1/customers/:customer
    post /v1/invoices/:invoice
    post /v1/invoices/:invoice/pay
    post /v1/promotion_codes
    post /v1/promotion_codes/:promotion_code
    post /v1/subscriptions/:subscription_exposed_id
    post /v1/subscriptions/:subscription/migrate
    post /v1/subscription_schedules
    post /v1/subscription_schedules/:schedule
    post /v1/subscription_schedules/:schedule/cancel
""")
"""The 12 paths of 2026-03-25, in either channel."""

WITH_DELETE = FIRST | {"/v1/subscriptions/:subscription_exposed_id": frozenset(("post", "delete"))}
"""The same 12, from the first version on that has the method delete. Evidence: stripe-endpoint-4."""

NEWER_PUBLIC = _parse("""
    post        /v1/accounts/:account
    post        /v1/coupons
    post        /v1/customers/:customer
    post        /v1/promotion_codes
    post        /v1/promotion_codes/:promotion_code
    post delete /v1/subscriptions/:subscription_exposed_id
    post        /v1/subscriptions/:subscription/migrate
""")
"""The 8 entries of the public betas from 2026-05-27 on."""

NEWER_PRIVATE = _parse("""
    post delete /v1/accounts/:account
    post        /v1/accounts
    post        /v1/coupons
    post delete /v1/coupons/:coupon
    post        /v1/credit_notes
    post delete /v1/customers/:customer
    post        /v1/customers
    delete      /v1/customers/:customer/discount
    post        /v1/customers/:customer/funding_instructions
    post        /v1/customers/:customer/subscriptions
    post delete /v1/customers/:customer/subscriptions/:subscription_exposed_id
    delete      /v1/customers/:customer/subscriptions/:subscription_exposed_id/discount
    post        /v1/customers/:customer/bank_accounts
    post delete /v1/customers/:customer/bank_accounts/:id
    post        /v1/customers/:customer/bank_accounts/:id/verify
    post        /v1/customers/:customer/cards
    post delete /v1/customers/:customer/cards/:id
    post        /v1/customers/:customer/tax_ids
    post        /v1/customers/:customer/sources
    post delete /v1/customers/:customer/sources/:id
    post        /v1/customers/:customer/sources/:id/verify
    post        /v1/customers/:customer/balance_transactions
    post        /v1/customers/:customer/balance_transactions/:transaction
    post        /v1/customers/:customer/cash_balance
    post        /v1/customer_sessions
    post        /v1/disputes/:dispute/close
    post        /v1/invoices
    post delete /v1/invoices/:invoice
    post        /v1/invoices/:invoice/pay
    post        /v1/invoices/:invoice/send
    post        /v1/invoices/:invoice/void
    post        /v1/invoices/:invoice/finalize
    post        /v1/invoices/:invoice/mark_uncollectible
    post        /v1/invoices/:invoice/update_lines
    post        /v1/invoices/:invoice/add_lines
    post        /v1/invoices/:invoice/remove_lines
    post        /v1/invoices/create_preview
    post        /v1/invoices/:invoice/lines/:line_item_id
    post        /v1/invoiceitems
    post delete /v1/invoiceitems/:invoiceitem
    post        /v1/invoice_rendering_templates/:template/archive
    post        /v1/invoice_rendering_templates/:template/unarchive
    post        /v1/payment_methods/:payment_method/attach
    post        /v1/prices
    post        /v1/prices/:price
    post        /v1/products
    post delete /v1/products/:id
    post        /v1/products/:product/features
    delete      /v1/products/:product/features/:id
    post        /v1/promotion_codes
    post        /v1/promotion_codes/:promotion_code
    post        /v1/radar/value_list_items
    post        /v1/refunds
    post        /v1/refunds/:refund/cancel
    post delete /v1/subscriptions/:subscription_exposed_id
    post        /v1/subscriptions/:subscription/migrate
    post        /v1/subscriptions
    post        /v1/subscriptions/:subscription/resume
    post        /v1/subscriptions/:subscription/pause
    post        /v1/subscription_items
    post delete /v1/subscription_items/:item
    post        /v1/subscription_schedules
    post        /v1/subscription_schedules/:schedule
    post        /v1/subscription_schedules/:schedule/cancel
    post        /v1/subscription_schedules/:schedule/release
    post        /v1/tax/registrations
    post        /v1/tax/registrations/:id
    post        /v1/tax/settings
    post        /v1/tax/transactions/create_reversal
    post        /v1/tax_ids
    delete      /v1/tax_ids/:id
    delete      /v1/customers/:customer/tax_ids/:id
    post        /v1/tax_rates
    post        /v1/tax_rates/:tax_rate
""")
"""The 87 entries of the private alphas from 2026-05-27 on: 74 paths, of which two are listed twice for one method."""

LISTS: dict[str, tuple[tuple[str, Methods], ...]] = {
    PUBLIC: (("2026-03-25", FIRST), ("2026-04-22", WITH_DELETE), ("2026-05-27", NEWER_PUBLIC)),
    PRIVATE: (("2026-03-25", FIRST), ("2026-04-22", WITH_DELETE), ("2026-05-27", NEWER_PRIVATE)),
}
"""For each channel, the first version of each list."""


def supports(version: str, endpoint: Endpoint, channel: str) -> bool:
    """Return whether jobs of this version and channel may call the endpoint, whatever its placeholders are called."""
    return endpoint.shape in _shapes(channel, _first_version(version, channel))


def endpoints_of(version: str, channel: str) -> tuple[Endpoint, ...]:
    """Return every endpoint that jobs of this version and channel may call."""
    return _endpoints(channel, _first_version(version, channel))


@lru_cache(maxsize=256)
def _first_version(version: str, channel: str) -> str:
    """Return the first version that has the list of this one."""
    lists, date = LISTS[channel], date_of(version)
    return next((first for first, _ in reversed(lists) if date >= first), lists[0][0])


@cache
def _endpoints(channel: str, first: str) -> tuple[Endpoint, ...]:
    paths = dict(LISTS[channel])[first]
    return tuple(Endpoint(method, path) for path, methods in paths.items() for method in sorted(methods))


@cache
def _shapes(channel: str, first: str) -> frozenset[tuple[str, str]]:
    return frozenset(endpoint.shape for endpoint in _endpoints(channel, first))


def supports_ever(endpoint: Endpoint) -> bool:
    """Return whether jobs of any version and channel may call the endpoint."""
    return any(supports(f"{first}.preview", endpoint, channel) for channel, lists in LISTS.items() for first, _ in lists)


def differs_by_channel(version: str, endpoint: Endpoint) -> bool:
    """Return whether jobs of this version may call the endpoint in one channel only."""
    if date_of(version) < TWO_LISTS:
        return False
    shape = endpoint.shape
    return len([it for it in LISTS if shape in _shapes(it, _first_version(version, it))]) == 1
