"""The modules whose sleeps are replaced while a client is tested, and why a module is refused."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from types import FunctionType, ModuleType
from typing import Any

from emulator.client.sleep_places import Place, codes_of, functions_of, places_of
from emulator.client.sleeps import ModuleProxy, Sleeps

LIBRARIES = ("anyio", "asyncio", "time")
"""Modules whose `sleep` is replaced where others use it."""

ELSEWHERE = ("eventlet", "gevent", "trio")
"""Libraries with a sleep that is not replaced, as the loop is not one of asyncio."""

Replacement = tuple[Place, Any]
"""A place, and what it holds while sleeps are replaced."""


@contextmanager
def patched(modules: tuple[ModuleType, ...], sleeps: Sleeps) -> Iterator[None]:
    """Within this context the sleeps that these modules use are replaced.

    Raises:
        TypeError: one of them is no module.
        ValueError: one of them uses no sleep, or is a library whose sleep all others use.
    """
    with ExitStack() as undone:
        for module in modules:
            _refuse_libraries(module)
            found = [(place, sleeps.in_place_of(place.value)) for place in places_of(module)]
            found = [(place, new) for place, new in found if new is not place.value]
            if not _sleeps(module, found, sleeps):
                raise ValueError(
                    f"the module {module.__name__} uses neither time.sleep nor asyncio.sleep{_hint(module, sleeps)}"
                )
            for place, new in found:
                undone.callback(place.put, place.value)
                place.put(new)
        yield


def _refuse_libraries(module: ModuleType) -> None:
    if not isinstance(module, ModuleType):
        raise TypeError(f"patch_sleep takes modules, not {module!r}: import the module that sleeps, and pass it")
    library = module.__name__.partition(".")[0]
    if library in (*LIBRARIES, *ELSEWHERE):
        raise ValueError(
            f"patch_sleep({module.__name__}) would replace {library}.sleep for every module of this process, and patch_sleep "
            "replaces nothing globally: pass the module that calls it (and imports it at its top), as patch_sleep(my_client)"
        )


def _sleeps(module: ModuleType, found: list[Replacement], sleeps: Sleeps) -> bool:
    """Tell whether the code of a module can sleep by what would be replaced in it."""
    modules = [place for place, new in found if ModuleProxy in map(type, new if type(new) is tuple else (new,))]
    if len(modules) < len(found) or _sleeping([module], sleeps):
        return True
    return any(place.holder is not module for place in modules) and bool(_names(module))


def _sleeping(modules: list[ModuleType], sleeps: Sleeps) -> set[str]:
    """Return the names of those modules of which a function names a sleep, or a module and its `sleep`."""
    return {
        function.__globals__["__name__"]
        for function in functions_of(*modules)
        for code in codes_of(function)
        for value in map(function.__globals__.get, code.co_names)
        if (new := sleeps.in_place_of(value)) is not value and ("sleep" in code.co_names or type(new) is not ModuleProxy)
    }


def _names(module: ModuleType) -> frozenset[str]:
    """Return the names in the functions of a module that ask something for its `sleep`."""
    codes = (code for function in functions_of(module) for code in codes_of(function))
    return frozenset(name for code in codes if "sleep" in code.co_names for name in code.co_names)


def _hint(module: ModuleType, sleeps: Sleeps) -> str:
    """Advice: the argument to pass or to change instead."""
    names = _names(module)
    if local := [it for it in LIBRARIES if it in names and not hasattr(module, it)]:
        return (
            f": a function of it imports {' and '.join(local)} itself, where nothing can be replaced; import it at the top of "
            "the module, or hand the client emulator.clock.sleep or emulator.aio.sleep"
        )
    used = {_library_of(value) for name, value in vars(module).items() if name in names or name == "sleep"}
    if library := next((it for it in ELSEWHERE if it in used), None):
        return f": {library}.sleep is not replaced; hand the client emulator.aio.sleep in its place"
    package = module.__name__.partition(".")[0]
    others = [it for name, it in [*sys.modules.items()] if f"{name}.".startswith(f"{package}.") and type(it) is ModuleType]
    sleeping = sorted(_sleeping(others, sleeps))
    if not sleeping:
        return " (nor anyio.sleep) in its own code: pass the module that sleeps"
    whose = "its modules" if module.__name__ == package else f"the modules of {package}"
    return f" (nor anyio.sleep) in its own code; of {whose} these do: {', '.join(sleeping)}"


def _library_of(value: Any) -> str:
    """Return the library that a module or a function is of; empty for anything else."""
    name = value.__name__ if type(value) is ModuleType else value.__module__ if type(value) is FunctionType else ""
    return str(name).partition(".")[0]
