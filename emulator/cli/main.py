"""The program `batch-emulator`: a group of commands, each in the file of its name."""

from __future__ import annotations

import click

from emulator.cli.certificate import certificate
from emulator.cli.check import check
from emulator.cli.draw import draw
from emulator.cli.explain import explain
from emulator.cli.explore import explore
from emulator.cli.healthcheck import healthcheck
from emulator.cli.list import list_command
from emulator.cli.openapi import openapi
from emulator.cli.play import play
from emulator.cli.schema import schema
from emulator.cli.serve import serve
from emulator.cli.terminal import Program


@click.group(cls=Program, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="batch-emulator", prog_name="batch-emulator")
def main() -> None:
    """A local server that is SerpWow, Stripe Batch Jobs, 6DOT50 PAY and others to a client program."""


for command in (explain, list_command, serve, check, play, schema, openapi, draw, certificate, healthcheck, explore):
    main.add_command(command)
