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
    "Snapshots are published to be of events of the first API, and thin ones of the second; no page prints a refusal.",
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
    "Clients' types say that each destination has a description, which is a text; no sample shows one that has none.",
)
DELETED_DESTINATION = Assumption(
    "stripe.deleted-destination",
    "What does the delete of an event destination answer?",
    ("schema", "sample"),
    "The schema and the page have an id and an object; the sample of the OpenAPI document has deleted: true besides.",
    ("deleted",),
)
