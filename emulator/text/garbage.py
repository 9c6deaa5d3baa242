"""The garbage collector, paused while much is made that lasts."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager

NEVER = 2**31 - 1
"""The greatest threshold there is: a server's, for looks at all that there is."""


@contextmanager
def gc_paused() -> Iterator[None]:
    """Nearly all that an import or a load makes is made to last, and a look for the rest is long where there is much.

    In a server, whose collector leaves alone what lasts, that is left alone for good. Elsewhere it is old at once, and looked
    at when all that there is is.
    """
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            if gc.get_threshold()[2] == NEVER:
                gc.freeze()
            elif not gc.get_freeze_count():
                gc.freeze()
                gc.unfreeze()  # to the oldest generation
            gc.enable()
