"""The garbage collector of a server, kept from stopping it for long."""

from __future__ import annotations

import gc
import sys

from emulator.text.garbage import NEVER

LITTLE = 150_000
"""Objects that are collected in some 15 ms."""

BLOCKS = 3
"""Blocks of memory for each of them, near enough: to count blocks takes no time, and frozen objects are counted one by one."""


class PeriodicCollector:
    """The garbage collector of a process that is a server: no look takes long, however much the worlds hold.

    A look at everything stops every thread. So Python's own are put off, and once a second what is new is looked through, if
    that is little, and then left alone for good: what the worlds hold goes with the last reference to it. Only what is in a
    cycle stays, until little enough is left that all of it can be looked through.
    """

    def __init__(self) -> None:
        gc.freeze()
        young, middle, _ = gc.get_threshold()
        self._at_once = young * middle
        gc.set_threshold(young, middle, NEVER)
        self._seconds = 0

    def collect(self) -> None:
        """Look through what is new, once a second; and once a minute through all that there is, if it is little."""
        self._seconds += 1
        new = self._at_once * gc.get_count()[2]
        if self._seconds % 60 == 0 and 0 < sys.getallocatedblocks() < BLOCKS * LITTLE:
            gc.unfreeze()
            gc.collect()
            gc.freeze()
        elif new:
            if new < LITTLE:
                gc.collect()
            gc.freeze()
