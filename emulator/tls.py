"""TLS by a certificate authority of one's own, made once and kept beside one's other caches, so that a client can trust it."""

from __future__ import annotations

import os
import ssl
from collections.abc import Iterable
from pathlib import Path
from tempfile import TemporaryDirectory

import trustme

from emulator.kernel.errors import EmulatorError
from emulator.scenario.files import TooLong, read_at_most
from emulator.web.plain_at_tls import Context

LOCAL = ("localhost", "127.0.0.1", "::1")
KEPT, CERTIFICATE, KEY = "authority", "ca.pem", "ca.key"
LARGEST = 1_000_000
"""Bytes of a certificate or a key."""


class NoAuthority(EmulatorError):
    """There is no authority that can be read, and none can be made."""


class Tls:
    """The authority, and a certificate from it for the local names and `hosts`.

    It is kept in $EMULATOR_TLS_FOLDER, or else in a folder of its own in the user's cache. However many begin at once, all
    have the same.

    Raises:
        NoAuthority: the folder holds none that can be read, or cannot hold one; or it cannot vouch for one of the hosts.
    """

    def __init__(self, hosts: Iterable[str]) -> None:
        self._authority = _authority_in(folder())
        try:
            self._issued = self._authority.issue_cert(*LOCAL, *hosts)
        except ValueError as error:
            raise NoAuthority(f"no certificate can hold a name of --allow-host: {error}") from None

    @property
    def certificate(self) -> str:
        """The authority's certificate, in PEM."""
        return self._authority.cert_pem.bytes().decode()

    def context(self) -> ssl.SSLContext:
        """What a server needs to speak TLS under every one of its names."""
        context = Context(ssl.PROTOCOL_TLS_SERVER)
        context.options |= ssl.OP_NO_RENEGOTIATION
        self._issued.configure_cert(context)
        return context


def kept_certificate() -> str | None:
    """The authority's certificate, in PEM; None where none was made on this machine."""
    try:
        return read_at_most(certificate_path(), LARGEST).decode("ascii")
    except (OSError, TooLong):
        return None


def certificate_path() -> Path:
    """Return the path of the authority's certificate, in PEM."""
    return (folder() / KEPT / CERTIFICATE).absolute()


def folder() -> Path:
    """Where the authority is kept."""
    told = os.environ.get("EMULATOR_TLS_FOLDER")
    return Path(told) if told else _cache() / "batch-emulator"


def _cache() -> Path:
    told = os.environ.get("XDG_CACHE_HOME")
    return Path(told) if told else Path(os.path.expanduser("~/.cache"))  # Path.home() fails for who has none


def _authority_in(folder: Path) -> trustme.CA:
    kept = folder / KEPT
    try:
        if not kept.exists():
            _make(kept)
        return trustme.CA.from_pem(*(read_at_most(kept / name, LARGEST) for name in (CERTIFICATE, KEY)))
    except OSError as error:
        raise NoAuthority(f"no certificates can be kept in {folder} ({error}): name another in EMULATOR_TLS_FOLDER") from None
    except ValueError as error:
        raise NoAuthority(f"{kept} holds no authority that can be read ({error}): remove it, to have another made") from None


def _make(kept: Path) -> None:
    """Makes an authority and puts it in its place as a whole, unless another was put there meanwhile."""
    authority = trustme.CA(organization_name="batch-emulator", organization_unit_name="local certificates, for tests only")
    kept.parent.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=kept.parent) as made:
        authority.cert_pem.write_to_path(Path(made, CERTIFICATE))
        with open(os.open(Path(made, KEY), os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as key:
            key.write(authority.private_key_pem.bytes())
        try:
            Path(made).rename(kept)
        except OSError:
            if not kept.exists():
                raise
