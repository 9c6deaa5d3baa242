"""The state of a world as a test reads it, a copy that cannot be written to, and changes it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any, NoReturn

from emulator.client.amounts import exact
from emulator.client.results import EVERY, Difference, read_differences
from emulator.kernel.errors import NotFound
from emulator.scenario.document import JsonObject
from emulator.text.nearest import hint
from emulator.vendors import VENDORS

UNCHANGEABLE = "what was read is a copy, which changes nothing: emulator.state.change({...}) does"


def _refuse(*_: Any, **__: Any) -> NoReturn:
    raise TypeError(UNCHANGEABLE)


def no_field(what: str, name: str, fields: Iterable[str]) -> str:
    """Say that there is no field of that name, and name the nearest, or else every one that there is."""
    known = [*fields]
    near, all_of_them = hint(name, known), "; there are: " + ", ".join(known)
    return f"no {what} is called {name!r}{near or all_of_them}"


class ReadOnly(dict[str, Any]):
    """An object of the state as it was read, its fields as keys or attributes: `payment.amount`.

    To write to it would change nothing, and is refused. A field that is called like a method of `dict` is there as a key.
    """

    __setitem__ = __delitem__ = __ior__ = update = pop = popitem = setdefault = clear = _refuse
    _of = ""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") or name not in self:
            raise AttributeError(no_field(f"field{self._of}", name, self))
        return self[name]

    def __setattr__(self, name: str, value: Any) -> None:
        raise AttributeError(UNCHANGEABLE)

    def __delattr__(self, name: str) -> None:
        raise AttributeError(UNCHANGEABLE)

    def __dir__(self) -> list[str]:
        return [*super().__dir__(), *self]

    def __reduce__(self) -> tuple[type[dict[str, Any]], tuple[dict[str, Any]]]:
        return dict, (dict(self),)  # a copy is for whoever made it to write to


class ReadOnlyList(list[Any]):
    """A list of the state, likewise."""

    __setitem__ = __delitem__ = __iadd__ = __imul__ = _refuse
    append = extend = insert = pop = remove = clear = sort = reverse = _refuse

    def __reduce__(self) -> tuple[type[list[Any]], tuple[list[Any]]]:
        return list, ([*self],)


def read_only(value: Any) -> Any:
    """Return a copy of a JSON value that cannot be changed."""
    if isinstance(value, dict):
        return ReadOnly({name: read_only(part) for name, part in value.items()})
    return ReadOnlyList(map(read_only, value)) if isinstance(value, list) else value


class State(JsonObject):
    """The state by vendor, in the words of `given`; read anew each time, and only that vendor's. Amounts are Decimals."""

    def __init__(self, ask: Callable[..., Any]) -> None:
        self._ask = ask

    def change(self, state: JsonObject) -> tuple[Difference, ...]:
        """Change what is named by id, add what is new, and return every difference that this made: all of it, or nothing.

        Raises:
            ControlError: the state that it asks for cannot be.
        """
        return read_differences(self._ask("PATCH", f"/state?{EVERY}", state))

    def __getitem__(self, vendor: str) -> Any:
        if vendor not in VENDORS:
            raise KeyError(str(NotFound("vendor", vendor, VENDORS)))
        return read_only(exact(vendor, self._ask("GET", f"/state?vendor={vendor}")[vendor]))

    def __iter__(self) -> Iterator[str]:
        return iter(VENDORS)

    def __len__(self) -> int:
        return len(VENDORS)
