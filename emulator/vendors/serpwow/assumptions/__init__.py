"""The choices that a scenario can switch where SerpWow's pages are silent and a client could see the difference."""

from __future__ import annotations

from emulator.sdk import Assumption
from emulator.vendors.serpwow.assumptions import answers, lifecycle, requests

ASSUMPTIONS = tuple(
    value for module in (lifecycle, requests, answers) for value in vars(module).values() if isinstance(value, Assumption)
)
"""Every assumption of the modules, in their order."""
