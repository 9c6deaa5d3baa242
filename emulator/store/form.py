"""The form in which the fields of one class of resources are kept."""

from __future__ import annotations

import typing
from collections.abc import Callable, Iterator, Mapping
from itertools import compress, repeat
from operator import is_not
from typing import Any

from msgspec import UNSET, Raw, json

from emulator.kernel.resource import Struct
from emulator.sdk.growing import Grow, Growing, growth

NO_VALUE = object()
"""A value unlike any other, for a field without a default."""


class _KeptGrowth(Struct, frozen=True):
    """The growth of a sequence as it is kept."""

    gone: int
    newest: Raw


_read_growth = json.Decoder(_KeptGrowth).decode


class Form(Struct, frozen=True, eq=False):
    """The form of one class of resources: its name, what writes each of its fields, and what reads them.

    `decode` reads all fields that are there at once, and `read` those of which it says only what they are in JSON, or in a
    list. `values` returns those of all fields, in the order of `write`; `defaults` are theirs, or what no value is. `grow` has
    the fields whose sequences are written as they grew, and `later` the names under which what is new stands of those that know
    by themselves how they grew.
    """

    name: str
    of: type[Any]
    write: Mapping[str, Callable[[Any], Any]]
    decode: Callable[[Raw], Any]
    read: Mapping[str, Callable[[Any], Any]]
    values: Callable[[Any], tuple[Any, ...]]
    defaults: tuple[Any, ...]
    grow: Mapping[str, Grow]
    later: Mapping[str, str]

    def write_field(self, name: str, value: Any, former: Any) -> Any:
        """Return a field as it is kept where it differs from a former one, which is that of the resource before."""
        grown = growth(former, value) if name in self.grow and former else None
        return self.write[name](value) if grown is None else grown._asdict()

    def read_fields(self, raw: Raw, before: Any) -> dict[str, Any]:
        """Return the fields that are kept of a resource that has, or had, another value before."""
        values = self.values(kept := self.decode(raw))
        found = dict(compress(zip(self.write, values, strict=True), map(is_not, values, repeat(UNSET))))
        for name, read in self.read.items():
            if name in found:
                found[name] = self._grown(name, found[name], before) if name in self.grow else read(found[name])
        for name, later in self.later.items():
            if (new := getattr(kept, later)) is not UNSET:
                found[name] = _grown_out_of(getattr(before, name, None), new)
        return found

    def written_later(self, fields: Mapping[str, Any], before: Any) -> dict[str, Any]:
        """Return fields as they are kept of what had another value before: of those that grew what is new alone."""
        written = dict(fields)
        for name, later in self.later.items():
            new = written[name].kept_after(getattr(before, name)) if name in fields else None
            if new is not None:
                del written[name]
                written[later] = new
        return written

    def _grown(self, name: str, raw: Raw, before: Any) -> Any:
        if not bytes(raw).startswith(b"{"):
            return self.read[name](raw)
        kept, former = _read_growth(raw), getattr(before, name, ())
        if not 0 <= kept.gone <= len(former):
            raise ValueError(f"{kept.gone} of {len(former)} items of {name} cannot be gone")
        return self.grow[name](former, self.read[name](kept.newest), kept.gone)


def _grown_out_of(former: Any, new: Any) -> Any:
    if not hasattr(former, "from_kept_after"):
        raise ValueError("nothing is there that could have grown")
    return former.from_kept_after(former, new)


def growing_fields(of: type[Any]) -> Iterator[tuple[str, Grow]]:
    """Yield the fields of a class that are Growing, and what has them grow."""
    for name, hint in typing.get_type_hints(of, include_extras=True).items():
        yield from ((name, it.grow) for it in getattr(hint, "__metadata__", ()) if isinstance(it, Growing))
