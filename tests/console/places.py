"""Places of the page that tests go to, and the resources of the first run."""

from typing import Any

JOB = "batchv2_AbCdEfGhIjKlMnOpQrStUvWxYz"
QUEUED, RUNNING = "2A6F94BB", "CAC8651D"

QUEUED_BATCH = f"/w/default/state?vendor=serpwow&kind=batch&id={QUEUED}"
JOB_IN_PROGRESS = f"/w/default/state?vendor=stripe&kind=batch_job&id={JOB}"

CANCEL: dict[str, Any] = {
    "method": "POST",
    "url": f"/v2/core/batch_jobs/{JOB}/cancel",
    "headers": {"Authorization": "Bearer sk_test_1", "Stripe-Version": "2026-03-25.preview"},
}

VIEWS = {
    "worlds": "/worlds",
    "state": "/w/default/state?vendor=stripe",
    "resource": JOB_IN_PROGRESS,
    "past": "/w/default/state?at=entry/1",
    "time": "/w/default/time",
    "compared": "/w/default/time?from=beginning&to=now",
    "journal": "/w/default/journal",
    "exchange": "/w/default/journal?n=1",
    "send": "/w/default/send?operation=stripe.batch_jobs.cancel",
    "faults": "/w/default/faults?fault_at=stripe.batch_jobs.cancel",
    "deliveries": "/w/default/deliveries",
    "scenarios": "/scenarios?name=serpwow/stopall-23",
    "editor": "/scenarios?write=1",
    "evidence": "/evidence?vendor=stripe",
    "assumptions": "/evidence?vendor=stripe&kind=assumption",
}
"""Every view of the page, in a world in which something has happened."""
