"""Green threads that a library has put in place of a process's own, which a server in it would block."""

from __future__ import annotations

import sys


def green_threads() -> str | None:
    """Return the library that did so; or None."""
    gevent, eventlet = sys.modules.get("gevent.monkey"), sys.modules.get("eventlet.patcher")
    if gevent is not None and gevent.is_module_patched("threading"):
        return "gevent"
    return "eventlet" if eventlet is not None and eventlet.is_monkey_patched("thread") else None
