"""The courier: a thread that calls held receivers for a vendor's call that waits for them, while its client is blocked."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from threading import Thread
from typing import Any
from urllib.parse import quote

from emulator.control.delivery_models import OutgoingDelivery
from emulator.control.record import from_json
from emulator.kernel.errors import EmulatorError

WAIT = "10s"
"""The time for which a server is asked to wait for something to deliver."""


class Courier:
    """Delivers what a call to a vendor waits for, from its first `start` on until its world or the server is gone."""

    def __init__(self, ask: Callable[..., Any], deliver: Callable[[OutgoingDelivery], dict[str, Any]]) -> None:
        self._ask = ask
        self._deliver = deliver
        self._thread: Thread | None = None

    def start(self) -> None:
        """Begin, unless that was done before."""
        if self._thread is None:
            self._thread = Thread(target=self._run, name="batch-emulator-courier", daemon=True)
            self._thread.start()

    def _run(self) -> None:
        with suppress(EmulatorError):  # the world or the server is gone
            while True:
                for it in self._ask("POST", "/receivers/claim", {"wait": WAIT})["deliveries"]:
                    self._report(from_json(OutgoingDelivery, it))

    def _report(self, outgoing: OutgoingDelivery) -> None:
        report = self._deliver(outgoing)
        with suppress(EmulatorError):  # nobody waits for it any more
            self._ask("POST", f"/deliveries/{quote(outgoing.id)}/attempts", report)
