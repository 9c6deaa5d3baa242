"""The state of a world as a test reads it, a copy that cannot be written to, and changes it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, NoReturn

from emulator.handle.amounts import exact
from emulator.kernel.errors import NotFound

UNCHANGEABLE = "what was read is a copy, which changes nothing: emulator.state.change({...}) does"


def _refuse(*_: Any, **__: Any) -> NoReturn:
    raise TypeError(UNCHANGEABLE)


class ReadOnly(dict[str, Any]):
    """An object of the state as it was read. To write to it would change nothing, and is refused."""

    __setitem__ = __delitem__ = __ior__ = update = pop = popitem = setdefault = clear = _refuse

    def __reduce__(self) -> tuple[type[dict[str, Any]], tuple[dict[str, Any]]]:
        return dict, (dict(self),)  # a copy is for whoever made it to write to


class ReadOnlyList(list[Any]):
    """A list of the state, likewise."""

    __setitem__ = __delitem__ = __iadd__ = __imul__ = _refuse
    append = extend = insert = pop = remove = clear = sort = reverse = _refuse

    def __reduce__(self) -> tuple[type[list[Any]], tuple[list[Any]]]:
        return list, ([*self],)


def read_only(value: Any) -> Any:
    """A JSON value in which nothing can be written to."""
    if isinstance(value, dict):
        return ReadOnly({name: read_only(part) for name, part in value.items()})
    return ReadOnlyList(map(read_only, value)) if isinstance(value, list) else value


class State(Mapping[str, Any]):
    """The whole state by vendor, in the words of `given`; read anew each time. Amounts of money are Decimals."""

    def __init__(self, ask: Callable[..., Any]) -> None:
        self._ask = ask

    def change(self, state: Mapping[str, Any]) -> None:
        """Changes what is named by id, and adds what is new: all of it, or nothing.

        Raises:
            Refused: the state that it asks for cannot be.
        """
        self._ask("PATCH", "/state", state)

    def __getitem__(self, vendor: str) -> Any:
        state = self._read()
        if vendor not in state:
            raise KeyError(str(NotFound("vendor", vendor, state)))
        return state[vendor]

    def __iter__(self) -> Iterator[str]:
        return iter(self._read())

    def __len__(self) -> int:
        return len(self._read())

    def _read(self) -> dict[str, Any]:
        state: dict[str, Any] = self._ask("GET", "/state")
        return ReadOnly({vendor: read_only(exact(vendor, part)) for vendor, part in state.items()})
