"""A local server that is SerpWow, Stripe Batch Jobs and 6DOT50 PAY to a client program."""

from importlib.metadata import version

__version__ = version("batch-emulator")
