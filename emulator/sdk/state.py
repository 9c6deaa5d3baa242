"""The codec of a vendor's state, and the quantities in it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from types import MappingProxyType
from typing import Any, Protocol

from emulator.kernel.errors import Problem
from emulator.kernel.machine import Effect, View
from emulator.kernel.resource import Struct
from emulator.kernel.transaction import Transaction

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


_PARTS: ContextVar[dict[tuple[int, Any], tuple[Any, Any]] | None] = ContextVar("parts", default=None)


@contextmanager
def each_part_dumped_once() -> Iterator[None]:
    """Dump a part that many of the states dumped here share, such as a result set, only once."""
    token = _PARTS.set({})
    try:
        yield
    finally:
        _PARTS.reset(token)


def dump_part(part: Any, dump: Callable[[Any, Any], Any], how: Any = None) -> Any:
    """Return an immutable part of a resource as `dump` writes it; `how` is whatever else that depends on."""
    parts = _PARTS.get()
    if parts is None:
        return dump(part, how)
    key = id(part), how
    if key not in parts:
        parts[key] = part, dump(part, how)  # kept beside it, so that nothing else gets its id
    return parts[key][1]
