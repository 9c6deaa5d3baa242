"""Recovery after a write that failed: worlds are taken back to what was kept, once anything can be kept again."""

from __future__ import annotations

import logging
from collections.abc import Callable
from threading import Event, Lock, Thread

from emulator.store.port import StoreUnavailable
from emulator.store.writer import BETWEEN_PROBES, Writer

log = logging.getLogger("emulator")


class Recovery:
    """Calls `mend`, by a thread of its own, as soon as a writer can write again, and again where it could not read."""

    def __init__(self, writer: Writer, mend: Callable[[], None]) -> None:
        self._writer, self._mend = writer, mend
        self._lock = Lock()
        self._is_wanted = False
        self.is_under_way = False

    def begin(self) -> None:
        """Have it begun soon. What fails while it is under way is mended, too."""
        with self._lock:
            self._is_wanted = True
            if self.is_under_way:
                return
            self.is_under_way = True
        Thread(target=self._run, name="batch-emulator-recovery", daemon=True).start()

    def _run(self) -> None:
        while not self._is_over():
            probe = self._writer.probe()
            probe.wait()
            if probe.error is None:
                self._try()
            else:
                Event().wait(BETWEEN_PROBES)

    def _is_over(self) -> bool:
        """Return whether all is mended, or nothing ever will be."""
        with self._lock:
            if not self._is_wanted:
                self.is_under_way = False
            return not self._is_wanted or self._writer.is_closed

    def _try(self) -> None:
        with self._lock:
            self._is_wanted = False
        try:
            self._mend()
        except StoreUnavailable:
            Event().wait(BETWEEN_PROBES)
            with self._lock:
                self._is_wanted = True
        except Exception:
            log.exception("the worlds cannot be taken back to what was kept")
