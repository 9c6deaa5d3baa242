"""The names that a test may use of operations, and of quantities in a vendor's state, so that none is misspelt unheard."""

from __future__ import annotations

from emulator.kernel.errors import NotFound
from emulator.scenario.amounts import is_quantity
from emulator.vendors import VENDORS


def expect_operation(name: str) -> None:
    """Makes sure that there is such an operation, so that a misspelt one is not taken for one that was never asked.

    Raises:
        NotFound: no vendor has it.
    """
    known = [operation.name for vendor in VENDORS.values() for operation in vendor.operations]
    if name not in (*known, *(f"{vendor}.astray" for vendor in VENDORS)):
        raise NotFound("operation", name, known)


def expect_quantity(vendor: str, place: str) -> None:
    """Make sure that there is such a quantity, so that a misspelt one is not taken for one that did not move.

    Raises:
        NotFound: there is no such vendor, or no such quantity in its state.
    """
    if vendor not in VENDORS:
        raise NotFound("vendor", vendor, VENDORS)
    quantities = VENDORS[vendor].state.quantities
    if not is_quantity(place, quantities):
        named = sorted(it for it in quantities if not it.endswith("*"))
        raise NotFound(f"quantity of {vendor}", place, named)
