"""Where Stripe's publications are silent about requests: their keys, their headers, their bodies, and how many there may be."""

from __future__ import annotations

from emulator.kernel.assumption import Assumption

PUBLISHABLE_KEY = Assumption(
    "stripe.publishable-key",
    "Which status has the refusal of a publishable key (pk_...)?",
    ("403", "401"),
    "403",
    "The first API has answered with 403 for years, as its users report; no page gives the status of the second.",
)
RESTRICTED_KEY = Assumption(
    "stripe.restricted-key",
    "Does the second API take a restricted key (rk_...)?",
    ("accept", "refuse"),
    "accept",
    "The overview of the second API once said that it takes secret keys alone, and does not say so any more.",
)
OTHER_KEY = Assumption(
    "stripe.other-key",
    "What becomes of a key that has the form of no Stripe key, where the scenario lists no credentials?",
    ("accept", "401"),
    "accept",
    "Keys of tests are made up: a world that lists no credentials takes any of them.",
)
MALFORMED_CONTEXT = Assumption(
    "stripe.malformed-context",
    "What does a request hear whose Stripe-Context or Stripe-Account is no path of account ids (acct_...)?",
    ("403", "accept"),
    "403",
    "Each printed context is a path of account ids, and the first API refuses an account that is none with account_invalid.",
)
ACCOUNT_HEADER = Assumption(
    "stripe.account-header",
    "What does the header Stripe-Account do, which Stripe-Context supersedes?",
    ("context", "refuse"),
    "context",
    "Stripe's own clients still send either header to name the account that a request acts for.",
)
BODY_TYPE = Assumption(
    "stripe.body-content-type",
    "What becomes of a body that is JSON, but whose Content-Type says something else?",
    ("read", "refuse"),
    "read",
    "The overview's own command line sends JSON under the label that curl gives it, that of a form.",
)
RATE_LIMITS = Assumption(
    "stripe.rate-limits",
    "Do the limits of a sandbox, 25 requests in a second, hold on the world's clock?",
    ("never", "sandbox"),
    "never",
    "A clock that stands still never begins another second, so that a test would be refused for no fault of its own.",
)

OF_REQUESTS = (
    PUBLISHABLE_KEY,
    RESTRICTED_KEY,
    OTHER_KEY,
    MALFORMED_CONTEXT,
    ACCOUNT_HEADER,
    BODY_TYPE,
    RATE_LIMITS,
)
