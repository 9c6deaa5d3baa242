"""The evidence behind the machine of deliveries, by what it is about."""

from __future__ import annotations

from emulator.kernel.resource import Struct


class Facts(Struct, frozen=True):
    """The evidence behind the rows of a vendor's deliveries.

    Where there is a fact for what is `resumed`, sending by hand does not end the attempts that a vendor makes by itself; where
    there is one for what is `kept_back`, some deliveries cannot be sent by hand. Where there is none
    for what is `forgotten` after a while, that rests on what is `sent`.
    """

    sent: str
    timeout: str
    accepted: str
    retried: str
    exhausted: str
    unwanted: str
    resent: str
    resumed: str | None = None
    kept_back: str | None = None
    forgotten: str | None = None
