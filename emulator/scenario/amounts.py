"""Quantities: places in a vendor's state whose values can be added up."""

from __future__ import annotations

from collections.abc import Collection


def is_quantity(place: str, quantities: Collection[str]) -> bool:
    """Tell whether a place is among those that a `given` names as quantities."""
    return place in quantities or f"{place.rpartition('.')[0]}.*" in quantities
