"""A watchdog for a client that runs in this thread: it ends one that would not end by itself."""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from threading import Event, Lock, Thread, get_ident

EVERY = 0.2
"""Seconds between two looks at the client."""


class Interrupted(KeyboardInterrupt):
    """Ends a client from outside. What lets Ctrl-C through lets this through."""


class Watchdog:
    """While entered, looks again and again from a thread of its own, until there is a reason to end this thread's client.

    Then `reason` is that reason, and Interrupted is raised in the client, as soon as it runs Python code.
    """

    def __init__(self, look: Callable[[], str | None], every: float = EVERY) -> None:
        self.reason: str | None = None
        self._look = look
        self._every = every
        self._client = get_ident()
        self._done = Event()
        self._lock = Lock()
        self._thread = Thread(target=self._watch, name="batch-emulator-watch", daemon=True)

    def __enter__(self) -> Watchdog:
        self._thread.start()
        return self

    def __exit__(self, _kind: object, error: object, _trace: object) -> None:
        with self._lock:
            self._done.set()
            if self.reason is not None and not isinstance(error, Interrupted):
                _raise_in(self._client, None)  # it ended by itself, just before
        self._thread.join()

    def _watch(self) -> None:
        while not self._done.wait(self._every):
            reason = self._look()
            if reason is not None:
                self._end(reason)
                return

    def _end(self, reason: str) -> None:
        with self._lock:
            if not self._done.is_set():
                self.reason = reason
                _raise_in(self._client, Interrupted)


def _raise_in(thread: int, error: type[BaseException] | None) -> None:
    """Have a thread raise this error as soon as it runs Python code; None takes back one that is not raised yet."""
    ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread), None if error is None else ctypes.py_object(error))
