"""The large parts that the values of one file share."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from msgspec import json

from emulator.kernel.errors import BadInput
from emulator.kernel.weight import Shared
from emulator.sdk.packing import ALIKE


class Parts:
    """The large parts that values of one file share, each written once, before what has it. `found` are those that were read.

    In place of a part stands its number.
    """

    def __init__(self) -> None:
        self.found: list[Any] = []
        self._alike: dict[tuple[type[Any], bytes], Any] = {}
        self._places: dict[int, int] = {}
        self._newest: dict[tuple[type[Any], str], int] = {}
        self._held: list[Any] = []
        self._new: list[Any] = []

    def place(self, part: Any) -> int:
        """Return the number of a part, which is to be written if it is new."""
        place = self._places.setdefault(id(part), len(self._held))
        if place == len(self._held):
            self._held.append(part)  # so that no other gets its identity
            self._new.append([type(part).__name__, self._kept(part, place)])
        return place

    def _kept(self, part: Any, place: int) -> Any:
        """Return the values of a part, or what is new since the newest one that it has grown out of."""
        lineage = getattr(part, "lineage", None)
        if lineage is None:
            return part.kept()
        former = self._newest.get(key := (type(part), lineage))
        self._newest[key] = place
        later = None if former is None else part.kept_after(self._held[former])
        return part.kept() if later is None else {"after": former, **later}

    def read(self, name: str, kept: Any) -> Shared:
        """Find a part that was written, and return it.

        Raises:
            BadInput: there is no such part.
        """
        of = next((it for it in subclasses(Shared) if it.__name__ == name and hasattr(it, "from_kept")), None)
        if of is None:
            raise BadInput.at(f"{name!r} is no part of a value of this version")
        part: Shared = of.from_kept_after(self._former(of, kept["after"]), kept) if "after" in kept else of.from_kept(kept)
        self.found.append(part)
        return part

    def _former(self, of: type[Any], place: Any) -> Any:
        former = self.found[place] if isinstance(place, int) and 0 <= place < len(self.found) else None
        if not isinstance(former, of):
            raise BadInput.at(f"part {place} is no {of.__name__} before this one")
        return former

    def one_like(self, of: type[Any], kept: Any) -> Any:
        """Return the part of these values, the same as before where they have come before."""
        key = of, json.encode(kept)
        if key not in self._alike:
            self._alike[key] = of.from_kept(kept)
        return self._alike[key]

    def take_new(self) -> list[Any]:
        """Return the parts that are to be written now."""
        new, self._new = self._new, []
        return new


PARTS: ContextVar[Parts | None] = ContextVar("parts", default=None)
"""Parts of the file that is written or read at present; None where each value stands for itself."""


@contextmanager
def sharing(parts: Parts) -> Iterator[None]:
    """Read values of one file, which share these parts, and whatever else they have alike."""
    token, known = PARTS.set(parts), ALIKE.set({})
    try:
        yield
    finally:
        ALIKE.reset(known)
        PARTS.reset(token)


def subclasses(of: type[Any]) -> Iterator[type[Any]]:
    """Yield all classes below a class."""
    for each in of.__subclasses__():
        yield each
        yield from subclasses(each)
