"""The command `schema`: prints the JSON Schema of scenario files."""

from __future__ import annotations

import json

import click


@click.command()
def schema() -> None:
    """Print the JSON Schema of scenario files, for editors."""
    from emulator.scenario.descriptions import editor_schema
    from emulator.vendors import VENDORS

    click.echo(json.dumps(editor_schema(VENDORS), indent=2))
