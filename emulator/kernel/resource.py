"""Structs, whose classes and values are made many times as fast as those of dataclasses, and changes of resources."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from msgspec import Struct as Struct
from msgspec import field as field
from msgspec import structs as structs

if TYPE_CHECKING:
    R = TypeVar("R")

    def replace(resource: R, **changes: Any) -> R:
        """Return a resource with some of its fields replaced, which is not charged yet."""
else:
    replace = partial(structs.replace, charge=None)
    """Returns a resource with some of its fields replaced, which is not charged yet."""
