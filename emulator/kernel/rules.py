"""What a world is made under: machines, waits, assumptions, credentials and bounds, none of which it ever changes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from emulator.kernel.limits import Limits
from emulator.kernel.machine import Machine


@dataclass(frozen=True, slots=True)
class Rules:
    """What never changes in a world.

    `timing` holds the lengths that replace those of waits, None for ever; `choices` the choice in force of every
    assumption; `credentials` what each vendor accepts in this world, None (or no entry) for anything; `provenance`
    whether data-plane replies say where they come from; `limits` how much of anything there may be.
    """

    machines: Mapping[str, Machine]
    timing: Mapping[str, timedelta | None] = field(default_factory=dict)
    choices: Mapping[str, str] = field(default_factory=dict)
    credentials: Mapping[str, frozenset[str] | None] = field(default_factory=dict)
    provenance: bool = True
    limits: Limits = field(default_factory=Limits)
