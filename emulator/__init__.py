"""A local server that is SerpWow, Stripe Batch Jobs and 6DOT50 PAY to a client program."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from emulator.handle.emulator import Emulator
    from emulator.handle.server import EmulatorServer

__all__ = ["Emulator", "EmulatorServer", "__version__"]

__version__: str


def __getattr__(name: str) -> Any:
    """What is asked for is imported then: a test session that loads the plugin and never uses it pays nothing."""
    if name == "__version__":
        from importlib.metadata import version

        return version("batch-emulator")
    if name == "Emulator":
        from emulator.handle.emulator import Emulator

        return Emulator
    if name == "EmulatorServer":
        from emulator.handle.server import EmulatorServer

        return EmulatorServer
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
