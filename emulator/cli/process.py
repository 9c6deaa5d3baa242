"""The process and its system: the files that it may open, and a standard input that ends when its parent does."""

from __future__ import annotations

import os
import select
import signal
import sys

OTHERS = 256
"""Open files that are no connections to be served: libraries, listening sockets, and connections beyond the bound."""


def connections_within_limits(wanted: int, files: int) -> int:
    """Raise the limit of open files as far as `wanted` connections of so many files need it; return how many fit."""
    try:
        import resource
    except ImportError:  # on Windows there is no such limit
        return wanted
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    needed = wanted * files + OTHERS
    if soft == resource.RLIM_INFINITY or soft >= needed:
        return wanted
    raised = needed if hard == resource.RLIM_INFINITY else min(needed, hard)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (raised, hard))
    except (OSError, ValueError):  # some systems allow less than they say
        raised = soft
    return max(1, min(wanted, (raised - OTHERS) // files))


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
