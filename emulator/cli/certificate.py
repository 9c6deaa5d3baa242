"""The command `certificate`: prints the certificate of the authority behind `serve --tls`."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from contextlib import suppress
from typing import TYPE_CHECKING

import click

from emulator.cli.stderr import write_past_buffers
from emulator.kernel.errors import EmulatorError

if TYPE_CHECKING:
    from emulator.server.tls import Tls


@click.command()
def certificate() -> None:
    """Print the certificate (PEM) of the authority that vouches for `serve --tls`; made where there is none yet."""
    click.echo(authority(()).certificate, nl=False)


def authority(hosts: Iterable[str]) -> Tls:
    """Return the authority for the vendors' hosts and these.

    Raises:
        click.ClickException: there is none, and none can be made.
    """
    from emulator.server.tls import Tls
    from emulator.vendors import VENDORS

    try:
        tls = Tls([*(host for vendor in VENDORS.values() for host in vendor.hosts), *hosts])
    except EmulatorError as error:
        raise click.ClickException(str(error)) from None
    with suppress(OSError):
        write_past_buffers(sys.stderr, "".join(f"{note}\n" for note in tls.notes))
    return tls
