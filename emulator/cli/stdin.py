"""Standard input as the sign that a parent lives: it ends when the parent does, even one that is killed."""

from __future__ import annotations

import os
import select
import signal
import sys

CHUNK = 65_536


def has_stdin() -> bool:
    """Tell whether there is a standard input that can end.

    Reading a terminal from the background is an error from then on, which counts as an end; else the process would be stopped.
    """
    if hasattr(signal, "SIGTTIN"):
        signal.signal(signal.SIGTTIN, signal.SIG_IGN)
    return sys.stdin is not None


def until_stdin_ends() -> None:
    """Read standard input and return at its end, or where it cannot be read."""
    descriptor = sys.stdin.fileno()
    while True:
        try:
            if not os.read(descriptor, CHUNK):
                return
        except BlockingIOError:
            select.select([descriptor], [], [])
        except OSError:
            return
