"""The conformance kit under the name by which the authors of vendors import it; it stands above all that it plays."""

from emulator.reports.conformance import Check, NotConformant, checks

__all__ = ["Check", "NotConformant", "checks"]
