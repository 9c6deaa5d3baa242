"""Consequences: what follows from a row or from an event, besides the values that are put."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar

from emulator.kernel.budget import Metered
from emulator.kernel.exchange import Change
from emulator.kernel.resource import Struct
from emulator.text.secrets import redact

if TYPE_CHECKING:
    from emulator.kernel.machine import Machine
    from emulator.kernel.transaction import Transaction


class Consequence(Struct, frozen=True):
    """Something that takes place in the same transaction, other than a value that is put."""

    def take_place(self, transaction: Transaction) -> None:
        """Change the world."""
        raise NotImplementedError


class Ask(Consequence, frozen=True):
    """Another resource takes the row of a command."""

    machine: Machine
    id: str
    command: str

    def take_place(self, transaction: Transaction) -> None:
        transaction.ask(self.machine, self.id, self.command)


class Removal(Consequence, frozen=True):
    """A resource is removed, whatever its state; one that is gone already stays so."""

    resource: Any

    def take_place(self, transaction: Transaction) -> None:
        transaction.remove(self.resource)


class Revocation(Metered, frozen=True, gc=False):
    """A credential that a vendor accepts no longer in this world, which it still picks. `place` is the line that says so."""

    id: str
    since: datetime
    place: str
    status: str = "revoked"
    kind: ClassVar[str] = "emulator.revocation"

    @classmethod
    def of(cls, transaction: Transaction, vendor: str, credential: str) -> Revocation | None:
        """Return the revocation of a credential of a vendor; None where it was not revoked."""
        return transaction.find(cls, f"{vendor}/{credential}")


def is_revoked(transaction: Transaction, vendor: str, credential: str) -> bool:
    """Tell whether a credential of a vendor was revoked in this world."""
    return Revocation.of(transaction, vendor, credential) is not None


class Revoke(Consequence, frozen=True):
    """A vendor accepts a credential no longer; one that was revoked before stays as it is."""

    vendor: str
    credential: str
    place: str

    def take_place(self, transaction: Transaction) -> None:
        if not is_revoked(transaction, self.vendor, self.credential):
            now, vendor = transaction.now, self.vendor
            transaction.put(Revocation(f"{vendor}/{self.credential}", now, self.place))
            change = Change(now, f"{vendor}.credential", redact(self.credential), "accepted", "revoked", transaction.why)
            transaction.changes.append(change)
