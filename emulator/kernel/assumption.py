"""Assumptions: choices where the evidence is silent, named so that nobody has to live with our guess."""

from __future__ import annotations

from types import ModuleType

from emulator.kernel.resource import Struct


class Assumption(Struct, frozen=True, eq=False):
    """A question that publications leave open: the choices, of which the first is the default, and the reason for it.

    `decides` are the names of the answers whose status or body the choice shapes, wherever they come from.
    """

    id: str
    question: str
    choices: tuple[str, ...]
    reason: str
    decides: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if len(set(self.choices)) < 2:
            raise ValueError(f"{self.id}: there must be at least two choices")

    @property
    def default(self) -> str:
        """The choice in force where a scenario makes none."""
        return self.choices[0]


def assumptions_in(*modules: ModuleType) -> tuple[Assumption, ...]:
    """Return every assumption of some modules, in the order in which they stand there."""
    return tuple(it for module in modules for it in vars(module).values() if isinstance(it, Assumption))
