"""The codec of a vendor's state, and the quantities in it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from math import inf
from types import MappingProxyType
from typing import Any, Protocol

from emulator.kernel.errors import Problem
from emulator.kernel.machine import Effect, View
from emulator.kernel.resource import Struct
from emulator.kernel.transaction import Transaction
from emulator.sdk.json_pieces import Room

BY_ID: Mapping[str, str] = MappingProxyType({"id": "id"})


def nothing(_view: View, _resource: Any) -> Iterable[Any]:
    """Return no consequences."""
    return ()


class Deletable(Struct, frozen=True):
    """A list of the state whose items can be deleted by somebody else: `{id: B1, deleted: true}`.

    `of` is the type of its resources. `names` are the keys by which one is named, each with the attribute that has its value.
    `before` yields what follows from a deletion while the resource is still there. Of a list within the items of another,
    `owner` is the attribute that has the id of that item.
    """

    of: type[Any]
    names: Mapping[str, str] = BY_ID
    before: Effect = nothing
    owner: str | None = None


class StateCodec(Protocol):
    """Validates, loads and dumps a vendor's state, as scenario files, control requests and timelines write it."""

    @property
    def schema(self) -> Mapping[str, Any]:
        """The JSON Schema of a fragment of the state."""

    @property
    def quantities(self) -> frozenset[str]:
        """The paths of a fragment, without indexes, at which a number can be added up: money, credits and counts, no limits.

        A list there counts its items. `.*` at the end stands for whatever name.
        """

    def validate(self, fragment: Any) -> Iterable[Problem]:
        """Yield the problems that the schema cannot see; paths are relative to the fragment."""

    def load(self, view: View, fragment: Any) -> Iterable[Any]:
        """Yield the resources that a valid fragment without repeats adds or changes; each is put before the next is made.

        Raises:
            BadInput: the fragment contradicts the state it is laid over.
        """

    def dump(self, view: Transaction) -> dict[str, Any]:
        """Return the whole state as a fragment that loads it again."""


class Dumped:
    """The parts that are dumped already, by what they are and how they are shown, and the room for texts made of them."""

    def __init__(self) -> None:
        self.parts: dict[tuple[int, Any], tuple[Any, Any]] = {}
        self.room = Room()


_DUMPED: ContextVar[Dumped | None] = ContextVar("dumped", default=None)


@contextmanager
def each_part_dumped_once(most: float = inf) -> Iterator[None]:
    """Dump a part that many of the states dumped here share, such as a result set, only once.

    Texts that are made in the inmost of such blocks have `most` bytes together.
    """
    dumped = _DUMPED.get() or Dumped()
    token, room = _DUMPED.set(dumped), dumped.room
    dumped.room = Room(most)
    try:
        yield
    finally:
        dumped.room = room
        _DUMPED.reset(token)


def dump_part(part: Any, dump: Callable[[Any, Any], Any], how: Any = None) -> Any:
    """Return an immutable part of a resource as `dump` writes it; `how` is whatever else that depends on."""
    dumped = _DUMPED.get()
    if dumped is None:
        return dump(part, how)
    key = id(part), how
    if key not in dumped.parts:
        dumped.parts[key] = part, dump(part, how)  # kept beside it, so that nothing else gets its id
    return dumped.parts[key][1]


def take_room(piece: bytes) -> bytes:
    """Return a piece of a text that is made while a state is dumped.

    Raises:
        TooMany: there is no room for it.
    """
    dumped = _DUMPED.get()
    return piece if dumped is None else dumped.room.take(piece)
