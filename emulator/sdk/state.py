"""How a vendor's state is written, and which parts of it can be added up."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Protocol

from emulator.kernel.errors import Problem
from emulator.kernel.machine import View
from emulator.kernel.transaction import Transaction


class StateCodec(Protocol):
    """How a vendor's state is written in scenario files, control requests and timelines."""

    @property
    def schema(self) -> Mapping[str, Any]:
        """JSON Schema of the fragment."""

    @property
    def quantities(self) -> frozenset[str]:
        """Where in the fragment, indexes left out, there is what can be added up: money, credits and counts, no ids or limits.

        A list there counts its items. `.*` at the end stands for whatever name.
        """

    def validate(self, fragment: Any) -> Iterable[Problem]:
        """The mistakes that the schema cannot see; paths are relative to the fragment."""

    def load(self, view: View, fragment: Any) -> Iterable[Any]:
        """The resources that a valid fragment, its repeats written out, adds or changes, in order; each is put before the next.

        Raises:
            BadInput: the fragment contradicts the state it is laid over.
        """

    def dump(self, view: Transaction) -> dict[str, Any]:
        """The whole state as a fragment that would bring it about."""
