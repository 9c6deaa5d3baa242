"""Requests that a fault holds up before they take effect: the journal does not count them yet."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from emulator.text.redact import redact_text
from emulator.web.held_requests import HeldRequest

TOLD = 3
"""Requests that a message names at most."""


class UnderWay(NamedTuple):
    """The requests of a world that have no entry in its journal yet."""

    held: Sequence[HeldRequest]

    @classmethod
    def of(cls, held: Iterable[HeldRequest]) -> UnderWay:
        """Choose those without an entry: a request that has taken effect, or hangs, has one."""
        return cls([it for it in held if it.entry is None])

    def told(self, operation: str | None = None) -> str:
        """Name the requests of an operation, or all of them, and say why they do not count; empty where there are none."""
        chosen = [it for it in self.held if operation in (None, it.operation)]
        if not chosen:
            return ""
        lines = [
            f"{it.request.method} {redact_text(it.request.target)} ({it.fault.do} {it.fault.where})" for it in chosen[:TOLD]
        ]
        more = [f"and {len(chosen) - TOLD} more"] * (len(chosen) > TOLD)
        return f"under way, and not counted until a fault lets it take effect: {', '.join([*lines, *more])}"
