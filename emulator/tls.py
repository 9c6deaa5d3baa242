"""TLS by a certificate authority of one's own, made once and kept beside one's other caches, so that a client can trust it."""

from __future__ import annotations

import os
import ssl
from collections.abc import Iterable
from pathlib import Path

import trustme

LOCAL = ("localhost", "127.0.0.1", "::1")


class Tls:
    """The authority, and a certificate from it for the local names and `hosts`.

    It is kept in $EMULATOR_TLS_FOLDER, or else in a folder of its own in the user's cache.
    """

    def __init__(self, hosts: Iterable[str]) -> None:
        self._hosts = (*LOCAL, *hosts)
        self._folder = folder()
        self._authority = self._kept() or self._made()

    @property
    def certificate(self) -> str:
        """The authority's certificate, in PEM."""
        return self._authority.cert_pem.bytes().decode()

    def context(self) -> ssl.SSLContext:
        """What a server needs to speak TLS under every one of its names."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._authority.issue_cert(*self._hosts).configure_cert(context)
        return context

    def _kept(self) -> trustme.CA | None:
        try:
            return trustme.CA.from_pem((self._folder / "ca.pem").read_bytes(), (self._folder / "ca.key").read_bytes())
        except FileNotFoundError:
            return None

    def _made(self) -> trustme.CA:
        authority = trustme.CA(organization_name="batch-emulator", organization_unit_name="local certificates, for tests only")
        self._folder.mkdir(parents=True, exist_ok=True)
        with open(os.open(self._folder / "ca.key", os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as key:
            key.write(authority.private_key_pem.bytes())
        authority.cert_pem.write_to_path(self._folder / "ca.pem")
        return authority


def folder() -> Path:
    """Where the authority is kept."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return Path(os.environ.get("EMULATOR_TLS_FOLDER") or cache / "batch-emulator")


def kept_certificate() -> str | None:
    """The authority's certificate, in PEM; None where none was made on this machine."""
    try:
        return (folder() / "ca.pem").read_text("ascii")
    except OSError:
        return None
