"""The time to live of a world, as a request says it."""

from __future__ import annotations

from datetime import timedelta

from emulator.control.bodies import Body
from emulator.kernel.errors import BadInput
from emulator.kernel.time import format_duration, parse_duration_at

SHORTEST = timedelta(seconds=1)


def ttl_of(body: Body) -> timedelta | None:
    """Return how long a world lives that no request reaches; None where it is for ever.

    Raises:
        BadInput: that is no duration, or too short for anybody to ask again.
    """
    if "ttl" not in body:
        return None
    if (ttl := parse_duration_at(body["ttl"], "ttl")) < SHORTEST:
        raise BadInput.at(f"a world lives for {format_duration(SHORTEST)} at least without a request", "ttl")
    return ttl
