"""The states of a batch: one row for each cause in each state."""

from datetime import timedelta

from acme_batches.assumptions import SECOND_CANCEL
from acme_batches.model import Batch
from emulator.sdk import ABSENT, EVERY, SAME, After, Assume, Machine, On, Row, Timer

RUN = Timer("acme.run", timedelta(hours=1), "acme-run-1")
REFUSED = Assume(SECOND_CANCEL, "409")

BATCH = Machine(
    of=Batch,
    states=("queued", "complete", "canceled"),
    commands=("create", "get", "cancel"),
    timers=(RUN,),
    rows=(
        # in        cause            go to       answer      effect  evidence
        Row(ABSENT, On("create"), "queued", "created", None, "acme-create-1"),
        Row(EVERY, On("create"), SAME, "batch", None, "acme-create-2"),
        Row(EVERY, On("get"), SAME, "batch", None, "acme-get-1"),
        Row(ABSENT, On("get"), SAME, "not_found", None, "acme-get-2"),
        Row("queued", On("cancel"), "canceled", "batch", None, "acme-cancel-1"),
        Row("complete", On("cancel"), SAME, "too_late", None, "acme-cancel-2"),
        Row("canceled", On("cancel"), SAME, "too_late", None, "acme-cancel-3", assume=REFUSED),
        Row("canceled", On("cancel"), SAME, "batch", None, "acme-cancel-3"),
        Row(ABSENT, On("cancel"), SAME, "not_found", None, "acme-get-2"),
        Row("queued", After(RUN.name), "complete", None, None, "acme-run-1"),
    ),
    entry=("queued", "complete", "canceled"),
)
