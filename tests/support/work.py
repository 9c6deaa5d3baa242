"""Work, counted in calls of functions: it is the same on every machine, however busy."""

from __future__ import annotations

import sys
from collections.abc import Callable


def calls_of(function: Callable[[], object]) -> int:
    """Return how many calls, and returns from them, it takes to call a function."""
    number = 0

    def called(*_: object) -> None:
        nonlocal number
        number += 1

    before = sys.getprofile()
    sys.setprofile(called)
    try:
        function()
    finally:
        sys.setprofile(before)
    return number
