"""TLS by a certificate authority of the user's own, made once and kept in the cache, so that clients can trust it."""

from __future__ import annotations

import logging
import os
import ssl
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from emulator.kernel.clock import wall_now
from emulator.kernel.errors import EmulatorError
from emulator.scenario.files import FileTooLarge, read_bounded
from emulator.server.certificates import (
    BEFORE,
    CERTIFICATE,
    KEPT,
    LARGEST,
    LEAF_LIFETIME,
    Authority,
    UnreadableAuthority,
    authority_in,
)
from emulator.server.tls_records import RecordsInTurn
from emulator.web.response import refusal_bytes

PLAIN = "plain http came to the TLS (https) port: use https:// or serve without --tls"
NOT_TLS = ("HTTP_REQUEST", "HTTPS_PROXY_REQUEST", "WRONG_VERSION_NUMBER")
"""Reasons of OpenSSL."""


class Handshake(RecordsInTurn):
    """A handshake that tells its client why it fails: by an alert, or in plain HTTP where it begins with that."""

    outgoing: ssl.MemoryBIO
    answered = False

    def do_handshake(self) -> None:
        """Raise as the handshake does; but where it fails, first let the alert or the answer go out.

        A loop writes what is in `outgoing` when a handshake wants to read more, and drops it when one fails.
        """
        try:
            super().do_handshake()
        except (ssl.SSLWantReadError, ssl.SSLWantWriteError):
            raise
        except ssl.SSLError as error:
            is_alert = self.outgoing.pending > 0
            if self.answered or not (is_alert or error.reason in NOT_TLS):
                raise
            self.answered = True
            if not is_alert:
                logging.getLogger("uvicorn.error").warning("Invalid HTTP request received: %s", PLAIN)
                self.outgoing.write(refusal_bytes(400, "bad-request", PLAIN))
            raise ssl.SSLWantReadError from None


class Context(ssl.SSLContext):
    """A server's context, whose handshakes tell why they fail."""

    sslobject_class = Handshake

    def wrap_bio(self, incoming: ssl.MemoryBIO, outgoing: ssl.MemoryBIO, *options: Any, **named: Any) -> ssl.SSLObject:
        taken = ssl.MemoryBIO()
        made = super().wrap_bio(taken, outgoing, *options, **named)
        assert isinstance(made, Handshake)  # noqa: S101  for it is sslobject_class
        made.arriving, made.taken, made.outgoing = incoming, taken, outgoing
        return made


LOCAL = ("localhost", "127.0.0.1", "::1")


class NoAuthority(EmulatorError):
    """No authority can be read, and none can be made."""


class Tls:
    """The authority, and a certificate from it for the local names and `hosts`. `notes` are lines for its user.

    It is kept in $EMULATOR_TLS_FOLDER, or else in a folder of its own in the user's cache. However many begin at once, all
    have the same.

    Raises:
        NoAuthority: the folder holds none that can be read, or cannot hold one; or it cannot vouch for one of the hosts.
    """

    def __init__(self, hosts: Iterable[str]) -> None:
        authority, begin = _authority_in(folder()), wall_now() - BEFORE
        self._issuer, self.notes = authority.issuer, authority.notes
        try:
            self._issued = self._issuer.issue_cert(*LOCAL, *hosts, not_before=begin, not_after=begin + LEAF_LIFETIME)
        except ValueError as error:
            raise NoAuthority(f"no certificate can hold a name of --allow-host: {error}") from None

    @property
    def certificate(self) -> str:
        """The authority's certificate, in PEM."""
        return self._issuer.cert_pem.bytes().decode()

    def context(self) -> ssl.SSLContext:
        """Return what a server needs to speak TLS under every one of its names.

        Raises:
            NoAuthority: there is no place for the temporary file from which Python reads the key.
        """
        context = Context(ssl.PROTOCOL_TLS_SERVER)
        context.options |= ssl.OP_NO_RENEGOTIATION
        try:
            self._issued.configure_cert(context)
        except OSError as error:
            raise NoAuthority(f"no temporary file can be written for --tls ({error}): name another folder in TMPDIR") from None
        return context


def kept_certificate() -> str | None:
    """The authority's certificate, in PEM; None where none was made on this machine."""
    try:
        return read_bounded(certificate_path(), LARGEST).decode("ascii")
    except (OSError, ValueError, FileTooLarge):
        return None


def certificate_path() -> Path:
    """Return the path of the authority's certificate, in PEM."""
    return (folder() / KEPT / CERTIFICATE).absolute()


def folder() -> Path:
    """Return the folder of the authority."""
    path = os.environ.get("EMULATOR_TLS_FOLDER")
    return Path(path) if path else _cache() / "batch-emulator"


def _cache() -> Path:
    path = os.environ.get("XDG_CACHE_HOME")
    return Path(path) if path else Path(os.path.expanduser("~/.cache"))  # Path.home() fails for who has none


def _authority_in(folder: Path) -> Authority:
    try:
        return authority_in(folder, wall_now())
    except OSError as error:
        raise NoAuthority(f"no certificates can be kept in {folder} ({error}): name another in EMULATOR_TLS_FOLDER") from None
    except UnreadableAuthority as error:
        there = folder / KEPT
        raise NoAuthority(f"{there} holds no authority that can be read ({error}): remove it, to have another made") from None
