"""Bodies that are arriving: what is kept of them counts, so that many at once do not fill the memory."""

from __future__ import annotations

from emulator.kernel.budget import Budget, Charge, Quota
from emulator.kernel.errors import TooMany
from emulator.kernel.limits import Limits

LITTLE = 32_768
"""Bytes of a body that are not counted."""

NO_ROOM = f"this body has no room beside those that arrive at the same time: send fewer at once, or {Limits.more('memory')}"


def room_for_bodies(limits: Limits) -> Quota:
    """Return an account for all bodies that arrive at a time: a quarter of what the server keeps, and at least the largest."""
    return Quota(Budget(max(limits.memory // 4, limits.body, limits.control)))


class Arriving:
    """One body that is arriving. `refusal` says that there is no room for it."""

    def __init__(self, account: Quota, is_upload: bool = False) -> None:
        self.refusal: TooMany | None = None
        self._account = account
        self._is_upload = is_upload
        self._charge: Charge | None = None

    def count(self, kept: int) -> None:
        """Count the bytes that are kept by now."""
        if kept <= LITTLE and self._charge is None:
            return
        if self._charge is None:
            self._charge = Charge(self._account, 0)
        self._charge.become(kept)
        if self._account.over:
            self.refusal = self._account.refusal("this upload") if self._is_upload else TooMany(NO_ROOM)
            self._charge.become(0)
