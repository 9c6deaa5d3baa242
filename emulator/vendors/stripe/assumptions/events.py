"""Further assumptions about events and event destinations."""

from __future__ import annotations

from emulator.sdk import Assumption

EVENT_REASON = Assumption(
    "stripe.event-reason",
    "Which events of jobs name the request that caused them?",
    ("caused", "created"),
    "The reason tells why an event happened; of the samples, that of a created job alone has one, and the others have null.",
)
SNAPSHOT_OF_V2 = Assumption(
    "stripe.snapshot-of-v2-events",
    "May a destination of snapshots name types of events that are thin, such as v2.core.batch_job.completed?",
    ("refuse", "accept"),
    "Snapshots are published to be of events of the first API; thin events have types of their own, beginning with v1 or v2. No"
    " page prints a refusal.",
)
THIN_WITH_VERSION = Assumption(
    "stripe.thin-with-snapshot-version",
    "May a destination of thin events have a snapshot_api_version?",
    ("refuse", "accept"),
    "The newest clients say that it is not to be given for thin events, which have no version; no page prints a refusal.",
)
DESCRIPTION = Assumption(
    "stripe.destination-without-description",
    "What is the description of an event destination that was made without one?",
    ("empty", "omit"),
    "Clients' types say that each destination has a description, which is a text, and one of Stripe's own prints such an answer"
    " with an empty one; pages show none that was made without.",
)
ENABLE_LOST = Assumption(
    "stripe.enable-without-source",
    "Can a destination be enabled whose event source at Amazon, or partner topic at Azure, was deleted?",
    ("400", "200"),
    "A new one must be created to receive events, as the page about Amazon says; no page prints a refusal.",
    ("lost_source",),
)
PING_OF_DISABLED = Assumption(
    "stripe.ping-of-disabled",
    "Is the ping of an event destination that is disabled sent to it?",
    ("no", "yes"),
    "Events are published to go to destinations that are enabled, and no page has pings for an exception, nor an error for such"
    " a ping. It is answered with its event, which can be read, and is not sent later either.",
)
RETRIES = Assumption(
    "stripe.webhook-retries",
    "When is an event sent again that its receiver did not take?",
    ("sandbox", "live", "none"),
    "A sandbox retries three times over a few hours, live mode with exponential backoff for up to three days; intervals are not"
    " published. Here a sandbox waits 10m, 40m and 2h40m, and live mode 5m, twice as long each time, and a last time after 3d.",
)
RETRY_URL = Assumption(
    "stripe.retry-url",
    "Where does a retry go, or an event that is sent by hand, if the URL of its destination is another by now?",
    ("current", "original"),
    "What is retried is said to be owed to a destination, which may have been disabled or deleted since, and whoever sends an"
    " event by hand names the endpoint and no URL; no page speaks of one that was updated meanwhile.",
)
ADDRESS = Assumption(
    "stripe.webhook-address",
    "Which addresses may a webhook endpoint have?",
    ("any", "public"),
    "A page wants a publicly accessible URL; tests receive events on their own machine. HTTPS is required in live mode alone,"
    " and a sandbox takes HTTP too.",
)
SNAPSHOT_VERSION = Assumption(
    "stripe.snapshot-version",
    "Which versions may a destination of snapshots name?",
    ("any", "latest"),
    "A page says that it is the default of the account or the latest. The default of an account is not known here, and newer"
    " versions than the latest that is known will appear.",
)
ORGANIZATION_SOURCES = Assumption(
    "stripe.organization-sources",
    "Do the events that a destination may come from depend on whether the key is an organization's?",
    ("accept", "refuse"),
    "A user reports that a destination of an organization is refused the events of other accounts. Here the key of an"
    " organization acts for an account, of which no page says so; nor does one refuse @organization_members to other keys.",
)
DELETED_DESTINATION = Assumption(
    "stripe.deleted-destination",
    "What does the delete of an event destination answer?",
    ("schema", "sample"),
    "The schema and the page have an id and an object; the sample of the OpenAPI document has deleted: true besides.",
    ("deleted",),
)
NO_SNAPSHOT = Assumption(
    "stripe.event-without-snapshot",
    "From 2026-09-30 on, what is the snapshot_event of an event that has no snapshot, such as one of a job?",
    ("omit", "null"),
    "The schema does not require it, and the samples of such events leave it out beside those of events that have a snapshot.",
)
