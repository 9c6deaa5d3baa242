"""The room for answers that are made whole: a long one counts until its client has taken it, or is gone."""

from __future__ import annotations

from math import inf

from emulator.kernel.budget import Budget, Charge, Quota
from emulator.kernel.clock import MONOTONIC
from emulator.kernel.errors import TooMany
from emulator.kernel.limits import Limits

PIECE = 65_536
"""Bytes of an answer that are sent at once, and up to which an answer does not count."""

NO_ROOM = (
    "this answer has no room beside those that their clients have not read yet: read them to their ends,"
    f" or {Limits.more('memory')}"
)

SECONDS_TO_READ = 3
"""Seconds that a client has for an answer, however many others want the room."""


class AnswerCharge(Charge):
    """The bytes of an answer on its way. `began` is the time at which it was made."""

    __slots__ = ("began",)

    def __init__(self, quota: Quota, size: int) -> None:
        self.began = MONOTONIC()
        super().__init__(quota, size)

    def pace(self, taken: int) -> float:
        """Return the bytes a second at which a client takes it that has taken so many; infinity in its first seconds."""
        seconds = MONOTONIC() - self.began
        return taken / seconds if seconds > SECONDS_TO_READ else inf


def quota_for_answers(limits: Limits) -> Quota:
    """Return an account for all answers that are on their way at a time: half of what the server keeps."""
    return Quota(Budget(limits.memory // 2))


def charge_answer(quota: Quota, size: int) -> AnswerCharge | None:
    """Count an answer of so many bytes for as long as its charge is held; None where it is too short to count.

    Raises:
        TooMany: there is no room for it.
    """
    if size <= PIECE:
        return None
    charge = AnswerCharge(quota, size)
    if quota.over:
        raise TooMany(NO_ROOM)
    return charge
