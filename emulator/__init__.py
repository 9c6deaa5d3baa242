"""A local server that is SerpWow, Stripe Batch Jobs and 6DOT50 PAY to a client program."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from emulator.client.emulator import Emulator
    from emulator.client.server import ControlError, EmulatorServer
    from emulator.kernel.errors import BadInput, EmulatorError, NotFound

    Refused = ControlError

__all__ = ["BadInput", "ControlError", "Emulator", "EmulatorError", "EmulatorServer", "NotFound", "__version__"]

MODULES = {
    "BadInput": "emulator.kernel.errors",
    "ControlError": "emulator.client.server",
    "Emulator": "emulator.client.emulator",
    "EmulatorError": "emulator.kernel.errors",
    "EmulatorServer": "emulator.client.server",
    "NotFound": "emulator.kernel.errors",
    "__version__": "emulator.contract.fixtures",
}
"""Public names by the modules that define them."""

DEPRECATED = {"Refused": "ControlError"}
"""Former public names, and those that replace them."""

__version__: str


def __getattr__(name: str) -> Any:
    """Import a public name when it is first used: a test session that loads the plugin and never uses it pays nothing."""
    if name in DEPRECATED:
        return _replacement(name)
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    imported = _imported(name)
    value = globals()[name] = imported() if name == "__version__" else imported
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})


def _replacement(name: str) -> Any:
    import warnings

    new = DEPRECATED[name]
    warnings.warn(f"emulator.{name} is called emulator.{new}", DeprecationWarning, stacklevel=3)
    return __getattr__(new)


def _imported(name: str) -> Any:
    from importlib import import_module

    from emulator.text.garbage import gc_paused

    with gc_paused():
        return getattr(import_module(MODULES[name]), name.strip("_"))
