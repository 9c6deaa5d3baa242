"""The room for answers that are made whole: a long one counts while it is made, and until its client has it or is gone."""

from __future__ import annotations

from math import inf

from emulator.kernel.budget import Budget, Charge, Quota
from emulator.kernel.clock import MONOTONIC
from emulator.kernel.errors import TooMany
from emulator.kernel.limits import Limits
from emulator.sdk.json_pieces import Room

PIECE = 65_536
"""Bytes of an answer that are sent at once, and up to which an answer does not count."""

NO_ROOM = (
    "this answer has no room beside those that are made or that their clients have not read yet: ask for fewer at once,"
    f" read them to their ends, or {Limits.more('memory')}"
)

SECONDS_TO_READ = 3
"""Seconds that a client has for an answer, however many others want the room."""


class AnswerCharge(Charge, eq=False, gc=False):
    """The bytes of an answer on its way. `began` is the time at which it was made."""

    began: float = 0.0

    @classmethod
    def of(cls, quota: Quota, size: int) -> AnswerCharge:
        """Count so many bytes and return their charge."""
        quota.take(size)
        return cls(quota, size, (), MONOTONIC())

    def pace(self, taken: int) -> float:
        """Return the bytes a second at which a client takes it that has taken so many; infinity in its first seconds."""
        seconds = MONOTONIC() - self.began
        return taken / seconds if seconds > SECONDS_TO_READ else inf


class AnswerRoom(Room):
    """The bytes that an answer in the making may have. One that is long counts with every piece, beside all others."""

    def __init__(self, quota: Quota, most: float) -> None:
        super().__init__(most)
        self._quota = quota
        self._taken = 0
        self._charge: AnswerCharge | None = None

    def take_bytes(self, count: int) -> None:
        """Count so many bytes, for which there is room.

        Raises:
            TooMany: there is none.
        """
        super().take_bytes(count)
        self._taken += count
        if self._charge is not None:
            self._charge.become(self._taken)
        elif self._taken > PIECE:
            self._charge = AnswerCharge.of(self._quota, self._taken)
        if self._charge is not None and self._quota.over:
            raise TooMany(NO_ROOM)

    def charge_when_made(self) -> AnswerCharge | None:
        """Return the charge of the answer, whose client has its time from now on; None where it is too short to count."""
        if self._charge is not None:
            self._charge.began = MONOTONIC()
        return self._charge


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
    charge = AnswerCharge.of(quota, size)
    if quota.over:
        raise TooMany(NO_ROOM)
    return charge
