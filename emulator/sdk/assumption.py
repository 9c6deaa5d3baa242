"""Assumptions: choices where the evidence is silent, named so that nobody has to live with our guess."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Assumption:
    """A question the vendor's publications leave open: the choices, the default, and the reason for it.

    `decides` are the names of the answers whose status or body the choice shapes, wherever they come from.
    """

    id: str
    question: str
    choices: tuple[str, ...]
    default: str
    reason: str
    decides: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.default not in self.choices or len(set(self.choices)) < 2:
            raise ValueError(f"{self.id}: the default must be one of at least two choices")
