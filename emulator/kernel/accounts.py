"""The accounts of one vendor in a world, and the credentials that act for them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from emulator.kernel.resource import Struct, field

SELF = "self"
"""The id of the account of a vendor in a world that tells no others apart."""


class Accounts(Struct, frozen=True):
    """The `ids` of the accounts that a world tells apart, none where it has one, whose id is SELF.

    `owners` has the account of each credential; what it does not name acts for the `first`. `listed` are the credentials of
    each account as a scenario gives them.
    """

    ids: tuple[str, ...] = ()
    owners: Mapping[str, str] = field(default_factory=dict)
    listed: Mapping[str, tuple[Any, ...]] = field(default_factory=dict)
    first: str = SELF

    def of(self, credential: str | None) -> str:
        """Return the id of the account that a credential acts for."""
        return self.owners.get(credential or "", self.first)


ONE_ACCOUNT = Accounts()
