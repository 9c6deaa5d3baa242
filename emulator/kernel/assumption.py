"""Assumptions: choices where the evidence is silent, named so that nobody has to live with our guess."""

from __future__ import annotations

from dataclasses import dataclass, field
from types import ModuleType


@dataclass(frozen=True, eq=False, slots=True)
class Assumption:
    """A question that publications leave open: the choices, of which the first is the default, and the reason for it.

    `decides` are the names of the answers whose status or body the choice shapes, wherever they come from.
    """

    id: str
    question: str
    choices: tuple[str, ...]
    reason: str
    decides: tuple[str, ...] = ()
    default: str = field(init=False)

    def __post_init__(self) -> None:
        if len(set(self.choices)) < 2:
            raise ValueError(f"{self.id}: there must be at least two choices")
        object.__setattr__(self, "default", self.choices[0])


def assumptions_in(*modules: ModuleType) -> tuple[Assumption, ...]:
    """Return every assumption of some modules, in the order in which they stand there."""
    return tuple(it for module in modules for it in vars(module).values() if isinstance(it, Assumption))
