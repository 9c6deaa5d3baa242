"""Places beside the names of a module that hold a sleep: objects of its classes, its dicts and lists, its closures."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from types import CellType, FunctionType, ModuleType
from typing import Any, NamedTuple

from emulator.client.sleep_calls import classes_of, is_own


class Reference(NamedTuple):
    """An object, the name or the index under which it holds something, and that."""

    holder: Any
    name: Any
    value: Any


def places_in(module: ModuleType) -> Iterator[Reference]:
    """Yield what the dicts, lists and closures of a module hold, and the attributes of every object of its classes."""
    classes = classes_of(module)
    for holder in (module, *classes):
        for name, value in [*vars(holder).items()]:
            if not name.startswith("__"):
                yield from _inside(value, module)
    for instance in _instances(classes):
        yield from _attributes(instance)


def put(holder: Any, name: Any, value: Any) -> None:
    """Have an object hold this value from now on, also where it is frozen."""
    kind = type(holder)
    if kind in (dict, list):
        holder[name] = value
    elif issubclass(kind, (type, ModuleType)) or kind in (FunctionType, CellType):
        setattr(holder, name, value)
    else:
        object.__setattr__(holder, name, value)


def _inside(value: Any, module: ModuleType) -> Iterator[Reference]:
    kind = type(value)
    if kind is dict and "__name__" not in value:  # that of a module is everybody's
        yield from (Reference(value, key, it) for key, it in [*value.items()] if callable(it) and type(it) is not ModuleType)
    elif kind is list:
        yield from (Reference(value, index, it) for index, it in enumerate(value) if type(it) is not ModuleType)
    function = value.__func__ if kind in (staticmethod, classmethod) else value
    if type(function) is FunctionType and is_own(function, module):
        for cell in function.__closure__ or ():
            try:
                yield Reference(cell, "cell_contents", cell.cell_contents)
            except ValueError:  # it is empty yet
                continue


def _instances(classes: list[type]) -> list[Any]:
    """Return the objects of these classes that there are, but not of their subclasses elsewhere."""
    wanted = set(map(id, classes))
    return [it for it in gc.get_referrers(*classes) if id(type(it)) in wanted] if wanted else []


def _attributes(instance: Any) -> Iterator[Reference]:
    kinds = type(instance).__mro__
    names = [*object.__getattribute__(instance, "__dict__")] if any("__dict__" in vars(kind) for kind in kinds) else []
    names += [name for kind in kinds for name in _slots(kind)]
    for name in names:
        try:
            yield Reference(instance, name, object.__getattribute__(instance, name))
        except AttributeError:  # a slot that holds nothing
            continue


def _slots(kind: type) -> list[str]:
    slots = vars(kind).get("__slots__", ())
    return [it for it in ([slots] if isinstance(slots, str) else slots) if not it.startswith("__")]
