"""A local server that is SerpWow, Stripe Batch Jobs and 6DOT50 PAY to a client program."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from emulator.client.emulator import Emulator
    from emulator.client.server import EmulatorServer, Refused
    from emulator.kernel.errors import BadInput, EmulatorError, NotFound

__all__ = ["BadInput", "Emulator", "EmulatorError", "EmulatorServer", "NotFound", "Refused", "__version__"]

PLACES = {
    "BadInput": "emulator.kernel.errors",
    "Emulator": "emulator.client.emulator",
    "EmulatorError": "emulator.kernel.errors",
    "EmulatorServer": "emulator.client.server",
    "NotFound": "emulator.kernel.errors",
    "Refused": "emulator.client.server",
    "__version__": "emulator.contract.fixtures",
}

__version__: str


def __getattr__(name: str) -> Any:
    """Import a public name when it is first used: a test session that loads the plugin and never uses it pays nothing."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    imported = _imported(name)
    value = globals()[name] = imported() if name == "__version__" else imported
    return value


def _imported(name: str) -> Any:
    from importlib import import_module

    from emulator.server.collector import gc_paused

    with gc_paused():
        return getattr(import_module(PLACES[name]), name.strip("_"))
