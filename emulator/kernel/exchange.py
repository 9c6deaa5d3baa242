"""Events of a journal: exchanges with clients, changes that time or a controller made, attempts to deliver."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from emulator.kernel.resource import Struct

if TYPE_CHECKING:
    from emulator.kernel.budget import Charge
    from emulator.kernel.calls import Verdict
    from emulator.kernel.machine import Row

MAX_APPLIED_ROWS = 100
"""The rows that an exchange keeps at most, of those that it took."""

MOST_VERDICTS = 20
"""The verdicts that an exchange keeps at most."""


class Change(Struct, frozen=True, gc=False, array_like=True):
    """A change of state: a resource went from one state to another at an instant, and why.

    `why` is the command, the timer that ended, or the controller; `evidence` is what the row rests on.
    """

    at: datetime
    kind: str
    id: str
    source: str
    to: str
    why: str
    evidence: str | None = None

    @property
    def vendor(self) -> str:
        """The first half of the kind."""
        return self.kind.partition(".")[0]


class AppliedRow(Struct, frozen=True, gc=False):
    """A row and the resource that took it, whether or not its state changed."""

    kind: str
    id: str
    row: Row


class FaultHit(NamedTuple):
    """A fault that struck an exchange: its id, where and what it did, and its line in the scenario."""

    id: str
    where: str
    do: str
    place: str | None


class Savepoint(Struct, frozen=True, gc=False, array_like=True):
    """The point at which an exchange began: the instant, the journal's newest number, and the count of commits."""

    at: datetime
    entries: int
    commits: int


class Exchange(Struct, frozen=True, gc=False):
    """A request with its response and the changes that it made.

    `applied_rows` are the first MAX_APPLIED_ROWS rows that it took, and `consulted` the assumptions that it asked about.
    `status` is 0 where nothing came back at all. `delivered` is whether the client was sent the vendor's own answer, whole;
    None while it is still being sent, and where nobody can know: the client had closed its side of the connection before, or
    the server was killed about then; such an exchange `is_doubtful`.
    It is False in a snapshot or a fork that was made while it was sent: it is not sent from there.
    `cut` is whether the request's body is longer than what was kept of it. `headers` are the request's, as they came.
    `also` are the facts that the answer rests on beside `evidence`; the weakest of all of them is its `basis`,
    None where a fault or the scenario gave the answer. `verdicts` are the first MOST_VERDICTS of the faults and replies that
    covered it. `charge` counts its bytes for as long as anything keeps it.
    """

    at: datetime
    savepoint: Savepoint
    operation: str
    method: str
    target: str
    request: bytes
    answer: str
    evidence: str
    assumption: str | None
    basis: str | None
    status: int
    response: bytes
    changes: tuple[Change, ...]
    applied_rows: tuple[AppliedRow, ...] = ()
    consulted: tuple[str, ...] = ()
    credential: str | None = None
    faults: tuple[FaultHit, ...] = ()
    delivered: bool | None = True
    cut: bool = False
    headers: Sequence[tuple[bytes, bytes]] = ()
    also: tuple[str, ...] = ()
    verdicts: tuple[Verdict[Any], ...] = ()
    charge: Charge | None = None
    is_doubtful: bool = False


class DeliveryAttempt(Struct, frozen=True, gc=False):
    """An attempt to deliver a notification, which is as the attempt left it, and the changes that it made.

    `operation` is the name of the kind of notification.
    """

    at: datetime
    operation: str
    delivery: Any
    changes: tuple[Change, ...]


Event = Exchange | Change | DeliveryAttempt


def outcome(status: int, answer: str) -> str:
    """Return a status and its answer's name as one text, or that no answer came back."""
    return f"{status} {answer}" if status else f"no answer ({answer})"
