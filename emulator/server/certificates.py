"""The certificate authority of --tls in its folder: made once, kept for its owner alone, and renewed before it ends."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple, cast

import trustme
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, load_pem_private_key

from emulator.scenario.files import FileTooLarge, read_bounded

try:
    import fcntl
except ImportError:  # on Windows
    fcntl = None  # type: ignore[assignment]

KEPT, CERTIFICATE, KEY, LOCK = "authority", "ca.pem", "ca.key", "authority.lock"

NO_LINK = getattr(os, "O_NOFOLLOW", 0)
"""The flag of `os.open` that refuses a symbolic link, where the system has it."""

LARGEST = 1_000_000
"""Bytes of a certificate or a key."""

BEFORE = timedelta(days=1)
"""The time before its making at which a certificate begins, for clients whose clocks are behind."""

LIFETIME = timedelta(days=3650)
"""From begin to end of the authority's certificate: browsers and platforms distrust one of centuries."""

LEAF_LIFETIME = timedelta(days=397)
"""From begin to end of a server's certificate, of which browsers take at most 398 days, and Apple 825 from an own authority."""

RENEWAL_NOTE = "the local authority {why}, and another was made: clients must trust {path} anew"
PERMISSION_NOTE = (
    "{path} could be read by others, and now by its owner alone; where others use this machine, remove its folder, too"
)


class Authority(NamedTuple):
    """An authority, the end of its certificate, and what its user must know."""

    issuer: trustme.CA
    ends: datetime
    notes: tuple[str, ...] = ()


class UnreadableAuthority(Exception):
    """The folder has files of an authority, which are none."""


def authority_in(folder: Path, now: datetime) -> Authority:
    """Return the authority that is kept in a folder; a new one where there is none, or none that lasts long enough.

    Raises:
        OSError: it cannot be read, made, or kept from others.
        UnreadableAuthority: the folder holds none that can be read.
    """
    kept = folder / KEPT
    try:
        found = _read(kept)
    except UnreadableAuthority:
        found = None
    if found is not None and not _renewal_reason(found, now):
        return found
    folder.mkdir(parents=True, exist_ok=True)
    with _locked(folder):  # whoever comes second finds what the first has made
        found = _read(kept)
        why = _renewal_reason(found, now) if found else ""
        if found is None or why:
            _make(kept, now)
        authority = _read(kept)
    assert authority is not None  # noqa: S101  it was there, or was made
    if not why:
        return authority
    return authority._replace(notes=(*authority.notes, RENEWAL_NOTE.format(why=why, path=(kept / CERTIFICATE).absolute())))


def _read(kept: Path) -> Authority | None:
    if not kept.exists():
        return None
    try:
        files = read_bounded(kept / CERTIFICATE, LARGEST), read_bounded(kept / KEY, LARGEST)
        certificate, key = x509.load_pem_x509_certificate(files[0]), load_pem_private_key(files[1], None)
        if certificate.public_key() != key.public_key():
            raise UnreadableAuthority(f"{KEY} is not the key of {CERTIFICATE}")
        issuer = trustme.CA.from_pem(*files)
    except FileNotFoundError as error:
        raise UnreadableAuthority(f"it has no {Path(error.filename).name}") from None
    except (ValueError, TypeError, FileTooLarge) as error:
        raise UnreadableAuthority(str(error)) from None
    return Authority(issuer, certificate.not_valid_after_utc, tuple(_restrict_to_owner(kept / KEY)))


def _restrict_to_owner(key: Path) -> Iterator[str]:
    """Let nobody but the owner of a key read it; yield what to tell of that."""
    if os.name == "posix" and key.stat().st_mode & 0o077:
        key.chmod(0o600)
        yield PERMISSION_NOTE.format(path=key.absolute())


def _renewal_reason(authority: Authority, now: datetime) -> str:
    left = authority.ends - now
    if left > LIFETIME:
        return f"was to last until {authority.ends:%Y}, longer than platforms accept"
    return f"ends on {authority.ends:%Y-%m-%d}" if left < LEAF_LIFETIME else ""


def _make(kept: Path, now: datetime) -> None:
    """Make an authority and put it in its place as a whole."""
    made = trustme.CA(organization_name="batch-emulator", organization_unit_name="local certificates, for tests only")
    key = made.private_key_pem.bytes()
    with TemporaryDirectory(dir=kept.parent) as temporary:
        new = Path(temporary, KEPT)
        new.mkdir(0o700)
        (new / CERTIFICATE).write_bytes(_bounded(made, key, now - BEFORE))
        with open(os.open(new / KEY, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(key)
        if kept.exists():
            kept.rename(Path(temporary, "former"))
        new.rename(kept)


def _bounded(made: trustme.CA, key: bytes, begin: datetime) -> bytes:
    """Return the certificate of an authority, signed anew for its lifetime: that which trustme makes lasts 1,000 years."""
    former = x509.load_pem_x509_certificate(made.cert_pem.bytes())
    builder = x509.CertificateBuilder(former.subject, former.subject, former.public_key(), former.serial_number)
    builder = builder.not_valid_before(begin).not_valid_after(begin + LIFETIME)
    for extension in former.extensions:
        builder = builder.add_extension(extension.value, extension.critical)
    signer = cast(EllipticCurvePrivateKey, load_pem_private_key(key, None))
    return builder.sign(signer, SHA256()).public_bytes(Encoding.PEM)


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Hold a folder against other processes that would make an authority in it.

    Raises:
        OSError: its lock cannot be opened, or is a link, which somebody may have put there to have another file opened.
    """
    path = folder / LOCK
    try:
        lock = os.open(path, os.O_RDWR | os.O_CREAT | NO_LINK, 0o600)  # what it held is left as it is
    except OSError as error:
        if error.errno == errno.ELOOP:
            raise OSError(f"{path.absolute()} is a link: remove it") from None
        raise
    with open(lock, "rb+", buffering=0) as file:
        if fcntl is not None:
            with suppress(OSError):  # some file systems have no locks
                fcntl.flock(file, fcntl.LOCK_EX)
        yield
