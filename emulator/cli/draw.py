"""The command `draw`: prints a vendor's machines as diagrams."""

from __future__ import annotations

import click


@click.command()
@click.argument("vendor")
def draw(vendor: str) -> None:
    """Print the machines of VENDOR, such as serpwow, as Mermaid."""
    from emulator.kernel.errors import NotFound
    from emulator.reports.diagrams import draw as draw_machines
    from emulator.vendors import VENDORS

    if vendor not in VENDORS:
        raise click.ClickException(str(NotFound("vendor", vendor, VENDORS)))
    click.echo(draw_machines(VENDORS[vendor]))
