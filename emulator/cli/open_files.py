"""The files that the system lets this process open at once: each connection is one."""

from __future__ import annotations

OTHERS = 64
"""Open files that are no connections to be served: libraries, listening sockets, and connections that are refused."""


def connections_within_limits(wanted: int) -> int:
    """Raise the limit of open files as far as `wanted` connections need it; return how many connections fit."""
    try:
        import resource
    except ImportError:  # on Windows there is no such limit
        return wanted
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    needed = wanted + OTHERS
    if soft == resource.RLIM_INFINITY or soft >= needed:
        return wanted
    raised = needed if hard == resource.RLIM_INFINITY else min(needed, hard)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (raised, hard))
    except (OSError, ValueError):  # some systems allow less than they say
        raised = soft
    return max(1, min(wanted, raised - OTHERS))
