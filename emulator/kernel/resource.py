"""Resources: the frozen values that a world keeps, as structs, which are made and changed many times as fast as dataclasses."""

from __future__ import annotations

from collections.abc import Container
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

from msgspec import Struct, structs
from msgspec import field as field

from emulator.kernel.budget import Charge
from emulator.kernel.machine import PROGRESSING


class Metered(Struct, frozen=True, gc=False, kw_only=True):
    """A resource, and its charge once a world keeps it, which is no part of the value.

    In the statuses that are `progressing` it looks different as time passes, without any change.
    """

    charge: Charge | None = None
    progressing: ClassVar[Container[str]] = ()

    def index(self) -> tuple[Any, ...]:
        """Return the keys of the groups that the value is found in."""
        return (PROGRESSING,) if self.status in self.progressing else ()  # type: ignore[attr-defined]  # as resources have

    def as_dict(self) -> dict[str, Any]:
        """Return the fields of the value by their names."""
        return {name: getattr(self, name) for name in self.__struct_fields__ if name != "charge"}

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Metered) or self.__class__ is not other.__class__:
            return NotImplemented
        return structs.astuple(self)[:-1] == structs.astuple(other)[:-1]

    def __hash__(self) -> int:
        return hash(structs.astuple(self)[:-1])

    def __repr__(self) -> str:
        fields = zip(self.__struct_fields__[:-1], structs.astuple(self), strict=False)
        return f"{self.__class__.__name__}({', '.join(f'{name}={value!r}' for name, value in fields)})"


if TYPE_CHECKING:
    R = TypeVar("R")

    def replace(resource: R, **changes: Any) -> R:
        """Return a resource with some of its fields replaced, which is not charged yet."""
else:
    replace = partial(structs.replace, charge=None)
    """Returns a resource with some of its fields replaced, which is not charged yet."""
