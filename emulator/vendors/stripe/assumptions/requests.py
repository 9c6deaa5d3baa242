"""Assumptions about requests: their keys, headers, bodies, and how many there may be."""

from __future__ import annotations

from emulator.sdk import Assumption

PUBLISHABLE_KEY = Assumption(
    "stripe.publishable-key",
    "Which status has the refusal of a publishable key (pk_...)?",
    ("403", "401"),
    "The first API has answered with 403 for years, as its users report; no page gives the status of the second. A key that the"
    " scenario lists is good in any form.",
    ("publishable_key",),
)
RESTRICTED_KEY = Assumption(
    "stripe.restricted-key",
    "Does the second API take a restricted key (rk_...)?",
    ("accept", "refuse"),
    "The page about restricted keys says that every API takes them; an older copy of the overview of the second API says that"
    " it takes secret keys alone. A key that the scenario lists is good in any form.",
)
OTHER_KEY = Assumption(
    "stripe.other-key",
    "What becomes of a key that has the form of no Stripe key, where the scenario lists no credentials?",
    ("accept", "401"),
    "Keys of tests are made up: a world that lists no credentials takes any of them.",
)
ORGANIZATION_KEY = Assumption(
    "stripe.organization-key-without-context",
    "Which status has the refusal of an organization's key (sk_org...) that comes without Stripe-Context?",
    ("400", "403"),
    "Such requests are published to need the header; no page prints the refusal, and what is missing is 400 elsewhere.",
    ("no_context",),
)
KEY_IN_USE = Assumption(
    "stripe.idempotency-key-in-use",
    "What does a request hear whose idempotency key is that of another, which came earlier and has not taken effect yet?",
    ("idempotency_error", "idempotency_key_in_use", "execute"),
    "A user who tried it reports a 409 of the second API whose message blames the parameters, though they are the same. Pages"
    " have 409 for requests that conflict because of a key, and idempotency_key_in_use in the list of codes of the first API.",
)
MALFORMED_CONTEXT = Assumption(
    "stripe.malformed-context",
    "What does a request hear whose Stripe-Context or Stripe-Account is no path of account ids (acct_...)?",
    ("403", "accept"),
    "Each printed context is a path of account ids, and the first API refuses an account that is none with account_invalid.",
)
UNCONNECTED_ACCOUNT = Assumption(
    "stripe.unconnected-account",
    "What does a request hear whose context names an account that is neither that of its key nor connected to it?",
    ("403", "accept"),
    "A platform acts for accounts that are connected to it, and the first API refuses any other with account_invalid. This is"
    " about accounts that a scenario gives: a world with one account takes every other for a connected one.",
)
ACCOUNT_HEADER = Assumption(
    "stripe.account-header",
    "What does the header Stripe-Account do, which Stripe-Context supersedes?",
    ("context", "refuse-both", "refuse"),
    "Stripe's own clients still send either header to name the account that a request acts for; of both at once, the changes of"
    " that in Node say only that the server may refuse them.",
)
BODY_TYPE = Assumption(
    "stripe.body-content-type",
    "What becomes of a body that is JSON, but has no Content-Type, or one that is neither that nor curl's own, that of a form?",
    ("read", "refuse"),
    "The overview's own command line sends JSON under the label that curl gives it, which is read in any case; of others no"
    " page speaks.",
)
REPEATED_NAME = Assumption(
    "stripe.repeated-name",
    "What becomes of a body in which an object has a name several times?",
    ("refuse", "last"),
    "No page speaks of it, and one of the values would be lost; most readers of JSON keep the last. A row of a file that"
    " has one is refused in any case.",
)
GET_BODY = Assumption(
    "stripe.body-of-get",
    "What becomes of a body that comes with a GET?",
    ("ignored", "refuse"),
    "No page speaks of it, and most servers do not look at it.",
)
USAGE_PARAMETERS = Assumption(
    "stripe.usage-parameters",
    "What becomes of usage[0]=... in the query of an event, a batch job or a destination that is fetched?",
    ("ignore", "refuse"),
    "The asynchronous methods of Stripe's own client for Python write it, fetch_event_async and fetch_related_object_async, and"
    " have in every beta that has batch jobs; nobody reports that they fail.",
)
ARRAY_INDEX = Assumption(
    "stripe.array-without-index",
    "Is an array in a query read whose elements have empty brackets, as in types[]=...?",
    ("read", "refuse"),
    "The overview wants the index of each element, and a user who tried include[] of another call reports that it is refused;"
    " but a name that is repeated is still accepted, as the clients' makers say. Empty brackets are read so that no value is"
    " lost.",
)
EMPTY_VALUE = Assumption(
    "stripe.empty-metadata-value",
    "What does an update of an event destination do with a key of metadata whose value is an empty text?",
    ("keep", "remove"),
    "In the second API null takes a key away, and an empty text did so in the first; Stripe's own Terraform provider sends an"
    " empty text for a key that is to go.",
)
METADATA_NUMBERS = Assumption(
    "stripe.metadata-numbers",
    "What becomes of a number as a value of metadata?",
    ("refuse", "text"),
    "The reference has a map of texts; Stripe's client for Node lets numbers be sent, and says that they come back as texts, as"
    " it said of the first API.",
)
METADATA_LIST = Assumption(
    "stripe.metadata-list",
    "What becomes of metadata that are an empty list, as PHP writes an empty array?",
    ("refuse", "empty"),
    "The reference has a map, and the makers of Stripe's client for PHP report that a body that is an empty list is refused;"
    " of metadata no page says so.",
)
CREATED_IN_SECONDS = Assumption(
    "stripe.created-in-seconds",
    "Is a bound of the filter created of events read that is a number of Unix seconds?",
    ("refuse", "read"),
    "The reference has timestamps, as texts; Stripe's clients for Node and .NET write such numbers, as for the first API. No"
    " page says what becomes of them.",
)
EMPTY_METADATA = Assumption(
    "stripe.empty-metadata",
    "What does an update of an event destination do whose metadata is an empty object?",
    ("keep", "delete"),
    "In the second API null takes a key away, so that nothing sent changes nothing; the page about metadata deletes all keys by"
    " an empty object, but its samples are of the first API.",
)
RATE_LIMITS = Assumption(
    "stripe.rate-limits",
    "Do the limits of a sandbox, 25 requests in a second, hold on the world's clock?",
    ("never", "sandbox"),
    "A clock that stands still never begins another second, so that a test would be refused for no fault of its own.",
)
