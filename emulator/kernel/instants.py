"""Ways to make an instant. No other module makes one by its class, in whose place freezegun puts one of its own.

They are kept in forms that freezegun does not find. Its instants are no JSON, and they live on when time has thawed.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, time, tzinfo
from functools import partial


def _real() -> type[datetime]:
    """Return the class of instants, even while another stands in its place."""
    return next(it for it in datetime.__mro__ if it.__module__ == "datetime")


instant_of: Callable[..., datetime] = partial(_real(), tzinfo=UTC)
"""Return the instant of a year, a month, a day and more, in UTC."""

instant_from_iso: Callable[[str], datetime] = _real().fromisoformat
instant_from_unix: Callable[[float, tzinfo], datetime] = _real().fromtimestamp
instant_on: Callable[[date, time, tzinfo], datetime] = _real().combine
