"""The command `openapi`: prints the OpenAPI document."""

from __future__ import annotations

import json

import click


@click.command()
def openapi() -> None:
    """Print the OpenAPI 3.1 document of both planes."""
    from emulator.control.openapi import document
    from emulator.vendors import VENDORS

    click.echo(json.dumps(document(VENDORS), indent=2))
