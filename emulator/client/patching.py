"""The modules whose sleeps are replaced: every place in them that holds one, and why a module is refused."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from types import FunctionType, ModuleType
from typing import Any, NamedTuple

from emulator.client.sleep_calls import classes_of, function_codes, imports_locally, is_own, loads_sleep
from emulator.client.sleep_references import places_in, put
from emulator.client.sleeps import ModuleProxy, Sleeps

LIBRARIES = ("anyio", "asyncio", "time")
"""Modules whose `sleep` is replaced where others use it."""

ELSEWHERE = ("eventlet", "gevent", "trio")
"""Libraries with a sleep that is not replaced, as the loop is not one of asyncio."""


class Replacement(NamedTuple):
    """One replacement: the object that holds the name, the name, the original and its substitute."""

    holder: object
    name: Any
    old: Any
    new: Any


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
            found = [*_replacements(module, sleeps), *_replacements_elsewhere(module, sleeps)]
            if not _sleeps(module, found):
                raise ValueError(
                    f"the module {module.__name__} uses neither time.sleep nor asyncio.sleep{_hint(module, sleeps)}"
                )
            for holder, name, old, new in found:
                undone.callback(put, holder, name, old)
                put(holder, name, new)
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


def _replacements(module: ModuleType, sleeps: Sleeps) -> list[Replacement]:
    found = []
    for holder in (module, *classes_of(module)):
        for name, value in vars(holder).items():
            found.append(Replacement(holder, name, value, sleeps.in_place_of(value)))
            function = value.__func__ if type(value) in (staticmethod, classmethod) else value
            if type(function) is FunctionType and (holder is not module or is_own(function, module)):
                defaults = {name: getattr(function, name) for name in ("__defaults__", "__kwdefaults__")}
                found += [Replacement(function, name, old, sleeps.in_defaults(old)) for name, old in defaults.items() if old]
    return [it for it in found if it.new is not it.old]


def _replacements_elsewhere(module: ModuleType, sleeps: Sleeps) -> list[Replacement]:
    found = [Replacement(*it, sleeps.in_place_of(it.value)) for it in places_in(module)]
    return [it for it in found if it.new is not it.old]


def _sleeps(module: ModuleType, found: list[Replacement]) -> bool:
    """Tell whether the code of a module can sleep by what would be replaced in it."""
    aliases = {it.name for it in found if it.holder is module and type(it.new) is ModuleProxy}
    if any(it.holder is module and it.name not in aliases for it in found) or loads_sleep(module, aliases):
        return True
    held = [it for it in found if it.holder is not module]
    return any(_is_function(it.new) for it in held) or (
        bool(held) and any("sleep" in code.co_names for code in function_codes(module))
    )


def _is_function(new: Any) -> bool:
    """Tell whether a substitute, or one among default arguments, is a sleep and not a module that has one."""
    values = new.values() if isinstance(new, dict) else new if isinstance(new, tuple) else (new,)
    functions = (it.func if type(it) is partial else it for it in values)
    return any(getattr(it, "__name__", None) in ("sleep", "asleep") for it in functions)


def _hint(module: ModuleType, sleeps: Sleeps) -> str:
    """Advice: the argument to pass or to change instead."""
    if local := imports_locally(module, LIBRARIES):
        return (
            f": a function of it imports {' and '.join(local)} itself, where nothing can be replaced; import it at the top of "
            "the module, or hand the client emulator.clock.sleep or emulator.aio.sleep"
        )
    for library in ELSEWHERE:
        if _uses(module, library):
            return f": {library}.sleep is not replaced; hand the client emulator.aio.sleep in its place"
    package = module.__name__.partition(".")[0]
    others = [it for name, it in [*sys.modules.items()] if f"{name}.".startswith(f"{package}.") and type(it) is ModuleType]
    sleeping = sorted({it.__name__ for it in others if it is not module and _sleeps(it, _replacements(it, sleeps))})
    if not sleeping:
        return " (nor anyio.sleep) in its own code: pass the module that sleeps"
    whose = "its modules" if module.__name__ == package else f"the modules of {package}"
    return f" (nor anyio.sleep) in its own code; of {whose} these do: {', '.join(sleeping)}"


def _uses(module: ModuleType, library: str) -> bool:
    aliases = {name for name, value in vars(module).items() if type(value) is ModuleType and value.__name__ == library}
    own = [it for it in vars(module).values() if type(it) is FunctionType and it.__name__ == "sleep"]
    return loads_sleep(module, aliases) or any(it.__module__.partition(".")[0] == library for it in own)
