"""The states of a batch: one row for each cause in each state."""

from datetime import timedelta

from acme_batches.assumptions import SECOND_CANCEL
from acme_batches.model import Batch
from emulator.sdk import ABSENT, EVERY, SAME, Assume, Machine, Row, Timer

RUN = Timer("acme.run", timedelta(hours=1), "acme-run-1")
REFUSED = Assume(SECOND_CANCEL, "409")

BATCH = Machine(
    of=Batch,
    states=("queued", "complete", "canceled"),
    commands=("create", "get", "cancel"),
    timers=(RUN,),
    rows=(
        # in        cause            go to       answer      evidence  effect
        Row(ABSENT, "create", "queued", "created", "acme-create-1"),
        Row(EVERY, "create", SAME, "batch", "acme-create-2"),
        Row(EVERY, "get", SAME, "batch", "acme-get-1"),
        Row(ABSENT, "get", SAME, "not_found", "acme-get-2"),
        Row("queued", "cancel", "canceled", "batch", "acme-cancel-1"),
        Row("complete", "cancel", SAME, "too_late", "acme-cancel-2"),
        Row("canceled", "cancel", SAME, "too_late", "acme-cancel-3", assume=REFUSED),
        Row("canceled", "cancel", SAME, "batch", "acme-cancel-3"),
        Row(ABSENT, "cancel", SAME, "not_found", "acme-get-2"),
        Row("queued", RUN, "complete", None, "acme-run-1"),
    ),
    entry=("queued", "complete", "canceled"),
)
