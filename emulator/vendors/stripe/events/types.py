"""The types of events."""

from __future__ import annotations

import re

from emulator.sdk import pattern

JOB_EVENT = "v2.core.batch_job."
PING = "v2.core.event_destination.ping"
JOB_EVENTS = (
    "created", "ready_for_upload", "validating", "validation_failed", "completed", "batch_failed", "canceled",
    "timeout", "upload_timeout", "updated",
)  # fmt: skip
TYPES = (*(JOB_EVENT + word for word in JOB_EVENTS), PING)
"""The types of events. Evidence: stripe-event-1."""

_EVENT_TYPE = pattern(r"v[12](\.[a-z0-9_]+)+(\[[a-z0-9_.]+\](\.[a-z0-9_]+)+)?", re.ASCII)
"""The spelling of types of thin events, as in v2.core.account[configuration.customer].updated."""


def is_event_type(text: str) -> bool:
    """Return whether a thin event may be of this type: one of TYPES, or of a family that is not emulated.

    Evidence: stripe-event-8.
    """
    family = text.startswith((JOB_EVENT, PING.removesuffix("ping")))
    return text in TYPES if family else _EVENT_TYPE.fullmatch(text) is not None
