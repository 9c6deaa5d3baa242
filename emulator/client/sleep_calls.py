"""Calls of `sleep` in the code of a module, read without running it."""

from __future__ import annotations

import dis
import functools
from collections.abc import Collection, Iterator
from contextlib import suppress
from inspect import CO_OPTIMIZED
from itertools import pairwise
from types import CodeType, FunctionType, ModuleType
from typing import Any

LOADS = ("LOAD_GLOBAL", "LOAD_NAME")
ATTRIBUTES = ("LOAD_ATTR", "LOAD_METHOD")


def loads_sleep(module: ModuleType, names: Collection[str]) -> bool:
    """Tell whether a function of this module loads the attribute `sleep` of one of these global names."""
    return any(_loads_sleep(code, names) for code in function_codes(module))


def imports_locally(module: ModuleType, libraries: Collection[str]) -> list[str]:
    """Return those of these libraries that a function of this module imports, and asks for their sleep."""
    codes = [code for code in function_codes(module) if "sleep" in code.co_names]
    imported = {step.argval for code in codes for step in dis.get_instructions(code) if step.opname == "IMPORT_NAME"}
    return sorted(imported.intersection(libraries))


def function_codes(module: ModuleType) -> Iterator[CodeType]:
    """The code of every function of a module, nested ones and those behind decorators too."""
    codes = [code] if (code := _written_code(module)) else list(_living_codes(module))
    while codes:
        code = codes.pop()
        codes += [it for it in code.co_consts if isinstance(it, CodeType)]
        if code.co_flags & CO_OPTIMIZED:  # the code of a module and of a class has run by now
            yield code


def _loads_sleep(code: CodeType, names: Collection[str]) -> bool:
    if "sleep" not in code.co_names or not set(names).intersection(code.co_names):
        return False
    return any(
        one.opname in LOADS and one.argval in names and two.opname in ATTRIBUTES and two.argval == "sleep"
        for one, two in pairwise(dis.get_instructions(code))
    )


def _written_code(module: ModuleType) -> CodeType | None:
    """The code of the module's file, as its loader compiles it; None where there is none."""
    with suppress(Exception):  # loaders are other people's code
        spec = module.__spec__
        code = spec.loader.get_code(spec.name)  # type: ignore[union-attr]
        return code if isinstance(code, CodeType) else None
    return None


def _living_codes(module: ModuleType) -> Iterator[CodeType]:
    """The code of the functions that a module and its classes hold."""
    for holder in (module, *classes_of(module)):
        for value in [*vars(holder).values()]:
            for function in _functions(value):
                if function.__globals__ is vars(module):
                    yield function.__code__


def classes_of(module: ModuleType) -> list[type]:
    """The classes that a module defines, nested ones too."""
    found: dict[int, type] = {}
    holders: list[Any] = [module]
    while holders:
        for value in [*vars(holders.pop()).values()]:
            if issubclass(type(value), type) and is_own(value, module) and id(value) not in found:
                found[id(value)] = value
                holders.append(value)
    return [*found.values()]


def is_own(thing: Any, module: ModuleType) -> bool:
    """Tell whether a class or a function was defined in this module."""
    return bool(thing.__module__ == module.__name__)


def _functions(value: Any) -> Iterator[FunctionType]:
    """The functions within a value: itself, that of a descriptor, that behind a decorator."""
    kind = type(value)  # to ask a lazy object of somebody's for its class could wake it
    if kind is FunctionType:
        yield value
        yield from _functions(vars(value).get("__wrapped__"))
    elif kind in (staticmethod, classmethod):
        yield from _functions(value.__func__)
    elif kind is property:
        for accessor in (value.fget, value.fset, value.fdel):
            yield from _functions(accessor)
    elif kind in (functools.partial, functools.cached_property):
        yield from _functions(value.func)
