"""The program `batch-emulator`: a group of commands, each in the file of its name, which is imported when it is called."""

from __future__ import annotations

from emulator.text.garbage import gc_paused

with gc_paused():
    import click

    from emulator.cli.terminal import Program

NAMES = "certificate check draw explain explore export healthcheck openapi play record schema serve watch"
COMMANDS = {name: name for name in NAMES.split()} | {"list": "list_command", "open": "open_command"}
"""The functions of the commands."""


@click.group(cls=Program, functions=COMMANDS, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="batch-emulator", prog_name="batch-emulator")
def main() -> None:
    """A local server that is SerpWow, Stripe Batch Jobs, 6DOT50 PAY and others to a client program."""
