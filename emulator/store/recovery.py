"""Recovery after a write that failed: worlds are taken back to what was kept, at once, and again once anything can be kept."""

from __future__ import annotations

import logging
from collections.abc import Callable
from threading import Event, Lock, Thread

from emulator.store.port import StoreUnavailable
from emulator.store.writer import BETWEEN_PROBES, Writer

log = logging.getLogger("emulator")


class Recovery:
    """Calls `mend`, by a thread of its own, at once, since what is kept can often be read, and as soon as a writer can write
    again; once more where it could not read.
    """

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
        self._try()
        while self._until_writable():
            self._try()
            with self._lock:
                if not self._is_wanted:
                    self.is_under_way = False
                    return

    def _until_writable(self) -> bool:
        """Return True once the writer can write, False where it never will."""
        while (error := self._probed()) is not None and not self._writer.is_closed:
            Event().wait(BETWEEN_PROBES)
        return error is None

    def _probed(self) -> str | None:
        probe = self._writer.probe()
        probe.wait()
        return probe.error

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
