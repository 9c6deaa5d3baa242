"""Answers that refuse: what a row or a request's own mistake comes to."""

from __future__ import annotations

from emulator.sdk import Answer, Transition
from emulator.vendors.serpwow.assumptions import START_DISABLED, START_EMPTY, STOP_FAILURE, UNKNOWN_BATCH, WRONG_STATE
from emulator.vendors.serpwow.assumptions_of_calls import EDIT_QUEUED
from emulator.vendors.serpwow.bodies import Unfit

ASSUMED = {
    "unknown_batch": UNKNOWN_BATCH.id,
    "not_stoppable": WRONG_STATE.id,
    "not_startable": WRONG_STATE.id,
    "nothing_to_run": START_EMPTY.id,
    "disabled": START_DISABLED.id,
    "stop_failed": STOP_FAILURE.id,
}
"""Answers whose wording a choice decides, whichever row they come from."""


OTHERWISE = {"serpwow-update-3": EDIT_QUEUED.id}
"""The evidence of rows that are taken because an assumption is not otherwise: the rows before them name it."""


def refused_by_a_row(taken: Transition) -> Answer:
    """The answer of a row, with the assumption that decides it or its wording if the row names none."""
    answer = Answer.of(taken)
    return answer._replace(assumption=answer.assumption or ASSUMED.get(answer.name) or OTHERWISE.get(answer.evidence))


def unfit(reason: Unfit) -> Answer:
    """The answer to a request that cannot be carried out as it was written."""
    name = "unknown_part" if reason.assumption == UNKNOWN_BATCH.id else "unfit"
    return Answer(name, reason.evidence, str(reason), reason.assumption)
