"""Changes of resources: these are structs, which are made and changed many times as fast as dataclasses."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from msgspec import field as field
from msgspec import structs

if TYPE_CHECKING:
    R = TypeVar("R")

    def replace(resource: R, **changes: Any) -> R:
        """Return a resource with some of its fields replaced, which is not charged yet."""
else:
    replace = partial(structs.replace, charge=None)
    """Returns a resource with some of its fields replaced, which is not charged yet."""
