"""Deliveries as a test reads and expects them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, overload
from urllib.parse import quote

from emulator.client.receivers import Receivers
from emulator.control import delivery_models as models
from emulator.control.record import from_json
from emulator.kernel.errors import NotFound
from emulator.kernel.time import format_instant
from emulator.scenario.deliveries import unexpected, wanted_statuses
from emulator.scenario.document import JsonObject
from emulator.text.escape import escaped
from emulator.text.redact import redact_text
from emulator.vendors import VENDORS

MANY = 3
"""More attempts than this are not told of one by one."""


class Delivery(models.Delivery):
    """A notification that a vendor owes to a receiver, as it was when it was read."""

    __slots__ = ("_ask", "_receivers")

    @property
    def request(self) -> tuple[bytes, dict[str, str]]:
        """The body as bytes and the headers, signed when this was read: what calls a handler by hand."""
        return self.body.encode(), {name: value for name, value in self.headers}  # noqa: C416

    def resend(self) -> Delivery:
        """Make a new attempt now, signed afresh, for which a receiver is called, and return the delivery as it is then.

        Raises:
            ControlError: it is under way, or the vendor does not send it by hand.
            LookupError: it was not read from a world.
        """
        if not hasattr(self, "_ask") or not hasattr(self, "_receivers"):
            raise LookupError("only a delivery that was read from a world can be sent again")
        path = f"/deliveries/{quote(self.id)}"
        self._ask("POST", f"{path}/resend")
        self._receivers.advance({"by": 0})
        return _delivery(self._ask, self._receivers, self._ask("GET", path))

    def __str__(self) -> str:
        tried = "".join(f", {it}" for it in self._outcomes())
        because = f": {self.because}" if self.because else ""
        return escaped(f"{self.event} to {self.url or self.destination} is {self.status}{because}{tried}")

    def _outcomes(self) -> list[str]:
        """Return what came of each attempt; of many, of the first and of the last."""
        told = [f"{_outcome(it)} at {format_instant(it.at)}" for it in self.attempts]
        return told if len(told) <= MANY else [told[0], f"{len(told) - 2} more attempts", told[-1]]


class Deliveries(Sequence[Delivery]):
    """The notifications that vendors owe, in the order in which they arose; every read of it asks the world anew."""

    def __init__(self, ask: Callable[..., Any], receivers: Receivers) -> None:
        self._ask, self._receivers = ask, receivers

    def filter(self, event: str | None = None, *, destination: str | None = None, status: str | None = None) -> list[Delivery]:
        """Return the deliveries of an event, to a destination, in a status.

        Raises:
            NotFound: no vendor has such an event.
        """
        wanted = {"event": event, "destination": destination, "status": status}
        if event is not None:
            expect_event(event)
        return [it for it in self._all() if all(value in (None, getattr(it, name)) for name, value in wanted.items())]

    def expect(self, event: str, *, status: str | None = None) -> Expectation:
        """Expect deliveries of an event: those that were received, or are in a status. `.once()`, `.times(n)` or `.never()`.

        Raises:
            NotFound: no vendor has such an event.
        """
        expect_event(event)
        return Expectation(self._all(), event, status)

    def _all(self) -> list[Delivery]:
        return [_delivery(self._ask, self._receivers, it) for it in self._ask("GET", "/deliveries")["deliveries"]]

    @overload
    def __getitem__(self, index: int) -> Delivery: ...
    @overload
    def __getitem__(self, index: slice) -> list[Delivery]: ...
    def __getitem__(self, index: int | slice) -> Delivery | list[Delivery]:
        return self._all()[index]

    def __len__(self) -> int:
        return len(self._all())

    def __iter__(self) -> Iterator[Delivery]:
        return iter(self._all())

    def __repr__(self) -> str:
        return f"<Deliveries: {len(self)}>"


class Expectation:
    """Deliveries of an event, and how many a test expects of those that were received, or are in a status."""

    def __init__(self, deliveries: Sequence[Delivery], event: str, status: str | None) -> None:
        self._deliveries, self._event, self._status = deliveries, event, status

    def once(self) -> Delivery:
        """Assert that there is one, and return it."""
        return self.times(1)[0]

    def never(self) -> None:
        """Assert that there is none."""
        self.times(0)

    def times(self, n: int) -> list[Delivery]:
        """Assert that there are so many, and return them.

        Raises:
            AssertionError: there are more or fewer; the message tells of each delivery there is.
        """
        statuses = wanted_statuses(self._status)
        found = [it for it in self._deliveries if it.event == self._event and it.status in statuses]
        if len(found) != n:
            raise AssertionError(unexpected(self._event, self._status, n, len(found), map(str, self._deliveries)))
        return found


def expect_event(name: str) -> None:
    """Make sure that there is such an event, so that a misspelt one is not taken for one that never came.

    Raises:
        NotFound: no vendor has it.
    """
    known = [event for vendor in VENDORS.values() for outbox in vendor.outboxes for event in outbox.events]
    if name not in known:
        silent = " and ".join(vendor.name for vendor in VENDORS.values() if not vendor.outboxes)
        raise NotFound("event", name, known, more=f"; {silent} publishes none" if silent else "")


def _outcome(attempt: models.Attempt) -> str:
    return redact_text(attempt.error or "") or (f"answered {attempt.status}" if attempt.status else "under way")


def _delivery(ask: Callable[..., Any], receivers: Receivers, answer: JsonObject) -> Delivery:
    delivery = from_json(Delivery, answer)
    object.__setattr__(delivery, "_ask", ask)
    object.__setattr__(delivery, "_receivers", receivers)
    return delivery
