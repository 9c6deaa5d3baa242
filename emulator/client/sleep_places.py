"""Places of a module that can hold a sleep: its names, classes, objects, dicts, lists, and what its functions hold."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import suppress
from types import CellType, CodeType, FunctionType, ModuleType
from typing import Any, NamedTuple


class Place(NamedTuple):
    """An object, the name or the index under which it holds something, and that."""

    holder: Any
    name: Any
    value: Any

    def put(self, value: Any) -> None:
        """Have the object hold this value from now on, also where it is frozen."""
        kind = type(self.holder)  # to ask a lazy object of somebody's for its class could wake it
        if kind in (dict, list):
            self.holder[self.name] = value
        elif issubclass(kind, (type, ModuleType)) or kind in (FunctionType, CellType):
            setattr(self.holder, self.name, value)
        else:
            object.__setattr__(self.holder, self.name, value)


def places_of(module: ModuleType) -> Iterator[Place]:
    """Yield every place of a module that can hold a sleep, with what it holds."""
    classes = _classes_of(module)
    for holder in (module, *classes):
        for name, value in [*vars(holder).items()]:
            yield Place(holder, name, value)
            yield from _items(value)
    for function in functions_of(module):
        yield Place(function, "__defaults__", function.__defaults__ or ())
        yield from _items(function.__kwdefaults__)
        for cell in function.__closure__ or ():
            with suppress(ValueError):  # it is empty yet
                yield Place(cell, "cell_contents", cell.cell_contents)
    wanted = set(map(id, classes))
    for instance in _referrers(*classes):
        if id(type(instance)) in wanted:
            yield from _attributes(instance)


def functions_of(*modules: ModuleType) -> list[FunctionType]:
    """Return every function that the code of these modules has made, also behind a decorator."""
    own = {id(vars(module)) for module in modules}
    return [it for it in _referrers(*map(vars, modules)) if type(it) is FunctionType and id(it.__globals__) in own]


def codes_of(function: FunctionType) -> Iterator[CodeType]:
    """Yield the code of a function, and of those within it."""
    codes = [function.__code__]
    while codes:
        code = codes.pop()
        codes += [it for it in code.co_consts if isinstance(it, CodeType)]
        yield code


def _referrers(*objects: Any) -> list[Any]:
    """Return what refers to these objects. The collector of garbage does not show what is frozen, so that this ends."""
    if gc.get_freeze_count():
        gc.unfreeze()
    return gc.get_referrers(*objects)


def _classes_of(module: ModuleType) -> list[type]:
    """Return the classes that a module defines, nested ones too."""
    found: dict[int, type] = {}
    holders: list[Any] = [module]
    while holders:
        for value in [*vars(holders.pop()).values()]:
            if issubclass(type(value), type) and value.__module__ == module.__name__ and id(value) not in found:
                found[id(value)] = value
                holders.append(value)
    return [*found.values()]


def _items(value: Any) -> Iterator[Place]:
    """Yield what a dict or a list holds but for modules; the dict of a module is everybody's."""
    if type(value) is dict and "__name__" not in value:
        places = [*value.items()]
    else:
        places = [*enumerate(value)] if type(value) is list else []
    yield from (Place(value, name, it) for name, it in places if type(it) is not ModuleType)


def _attributes(instance: Any) -> Iterator[Place]:
    names = [name for kind in type(instance).__mro__ for name in _slots(kind)]
    with suppress(AttributeError):  # it has slots only
        names += object.__getattribute__(instance, "__dict__")
    for name in names:
        with suppress(AttributeError):  # a slot that holds nothing
            yield Place(instance, name, object.__getattribute__(instance, name))


def _slots(kind: type) -> list[str]:
    slots = vars(kind).get("__slots__", ())
    return [it for it in ([slots] if isinstance(slots, str) else slots) if not it.startswith("__")]
