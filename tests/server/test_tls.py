"""The certificate authority of --tls: one for all who begin at once, and a plain word where there can be none."""

from __future__ import annotations

import errno
import os
import ssl
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, cast

import pytest
import trustme
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, load_pem_private_key

from emulator.cli.main import main
from emulator.client.http import HttpClient
from emulator.kernel.clock import wall_now
from emulator.scenario.client import NoResponse
from emulator.server.app import create_app, worlds_of
from emulator.server.certificates import LOCK
from emulator.server.server import ThreadedServer
from emulator.server.tls import NoAuthority, Tls
from tests.support.commands import invoke

PRINTED = [sys.executable, "-m", "emulator", "certificate"]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("EMULATOR_TLS_FOLDER", str(tmp_path / "certificates"))
    return tmp_path / "certificates"


def test_all_who_begin_at_once_have_the_same_authority(folder: Path) -> None:
    environment = {"EMULATOR_TLS_FOLDER": str(folder)}
    processes = [subprocess.Popen(PRINTED, stdout=subprocess.PIPE, env=environment) for _ in range(4)]
    assert len({one.communicate()[0] for one in processes}) == 1


NOW = wall_now()
TOO_LONG, NEAR_ITS_END = timedelta(days=365_000), timedelta(days=300)


def keep(folder: Path, begin: datetime, end: datetime) -> str:
    """Keep an authority with this lifetime in a folder, and return its certificate."""
    Tls(())
    path, key = folder / "authority" / "ca.pem", folder / "authority" / "ca.key"
    former = x509.load_pem_x509_certificate(path.read_bytes())
    builder = x509.CertificateBuilder(former.subject, former.subject, former.public_key(), former.serial_number)
    builder = builder.not_valid_before(begin).not_valid_after(end)
    for extension in former.extensions:
        builder = builder.add_extension(extension.value, extension.critical)
    certificate = builder.sign(cast(EllipticCurvePrivateKey, load_pem_private_key(key.read_bytes(), None)), SHA256())
    path.write_bytes(certificate.public_bytes(Encoding.PEM))
    return path.read_text()


def lifetime(certificate: x509.Certificate) -> timedelta:
    return certificate.not_valid_after_utc - certificate.not_valid_before_utc


@pytest.mark.usefixtures("folder")
def test_certificates_last_as_long_as_browsers_and_platforms_take() -> None:
    tls = Tls(["*.example.com"])
    authority = x509.load_pem_x509_certificate(tls.certificate.encode())
    with ThreadedServer(create_app(worlds_of([])), tls=tls) as running:
        address = ("127.0.0.1", int(running.url.rpartition(":")[2]))
        server = x509.load_pem_x509_certificate(ssl.get_server_certificate(address, timeout=20).encode())
    assert lifetime(authority) <= timedelta(days=3653)
    assert lifetime(server) <= timedelta(days=398)
    assert authority.not_valid_before_utc <= server.not_valid_before_utc < NOW
    assert server.not_valid_after_utc < authority.not_valid_after_utc
    server.verify_directly_issued_by(authority)


@pytest.mark.parametrize(("time_left", "reason"), [(TOO_LONG, "longer than platforms accept"), (NEAR_ITS_END, "ends on ")])
def test_an_authority_that_lasts_too_long_or_not_long_enough_is_renewed_with_a_line(
    folder: Path, time_left: timedelta, reason: str
) -> None:
    former = keep(folder, NOW - timedelta(days=1), NOW + time_left)
    result = invoke(main, ["certificate"])
    assert (result.exit_code, result.stderr.count("\n"), reason in result.stderr) == (0, 1, True)
    assert str(folder / "authority" / "ca.pem") in result.stderr
    assert result.stdout != former
    again = invoke(main, ["certificate"])
    assert (again.stdout, again.stderr) == (result.stdout, "")


def test_all_who_renew_at_once_have_the_same_authority(folder: Path) -> None:
    former = keep(folder, NOW - timedelta(days=1), NOW + NEAR_ITS_END)
    environment = {"EMULATOR_TLS_FOLDER": str(folder)}
    processes = [
        subprocess.Popen(PRINTED, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=environment) for _ in range(4)
    ]
    outputs = {one.communicate()[0].decode() for one in processes}
    assert len(outputs) == 1
    assert outputs != {former}


def test_who_comes_second_has_the_authority_of_who_came_first(folder: Path) -> None:
    with ThreadPoolExecutor(8) as threads:
        assert len(set(threads.map(lambda _: Tls(()).certificate, range(8)))) == 1
    assert sorted(path.name for path in folder.iterdir()) == ["authority", "authority.lock"]


@pytest.mark.skipif(os.name != "posix", reason="permissions as POSIX has them")
@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604, 0o666])
def test_a_key_that_others_can_read_is_mended_with_a_line(folder: Path, mode: int) -> None:
    certificate = Tls(()).certificate
    (folder / "authority" / "ca.key").chmod(mode)
    result = invoke(main, ["certificate"])
    assert (result.exit_code, result.stdout, result.stderr.count("\n")) == (0, certificate, 1)
    assert "could be read by others" in result.stderr
    assert (folder / "authority" / "ca.key").stat().st_mode & 0o077 == 0
    assert invoke(main, ["certificate"]).stderr == ""


def test_a_key_that_others_can_read_and_nobody_can_mend_is_refused(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Tls(())
    (folder / "authority" / "ca.key").chmod(0o644)
    monkeypatch.setattr(Path, "chmod", fails(errno.EROFS))
    result = invoke(main, ["certificate"])
    assert (result.exit_code, result.stdout, result.stderr.count("\n")) == (1, "", 1)


def fails(code: int) -> Callable[..., Any]:
    def fail(*_: Any, **__: Any) -> Any:
        raise OSError(code, os.strerror(code))

    return fail


@pytest.mark.parametrize("command", [["certificate"], ["serve", "--tls", "--port", "0"]])
@pytest.mark.parametrize("place", ["pathlib.Path.write_bytes", "pathlib.Path.mkdir", "pathlib.Path.rename"])
@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EROFS, errno.EACCES])
def test_an_authority_that_cannot_be_written_is_told_in_one_line(
    folder: Path, monkeypatch: pytest.MonkeyPatch, command: list[str], place: str, code: int
) -> None:
    monkeypatch.setattr(place, fails(code))
    result = invoke(main, command)
    monkeypatch.undo()
    assert (result.exit_code, result.output.count("\n"), os.strerror(code) in result.output) == (1, 1, True)
    assert not (folder / "authority").exists()


@pytest.mark.skipif(sys.platform == "win32", reason="links are for administrators there")
def test_the_lock_opens_nothing_that_a_link_leads_to(folder: Path, tmp_path: Path) -> None:
    folder.mkdir()
    precious = tmp_path / "precious"
    precious.write_text("kept")
    (folder / LOCK).symlink_to(precious)
    with pytest.raises(NoAuthority, match=r"authority\.lock is a link: remove it"):
        Tls([])
    (folder / LOCK).unlink()
    os.link(precious, folder / LOCK)
    Tls([])
    assert precious.read_text() == "kept"


@pytest.mark.usefixtures("folder")
def test_tls_without_a_place_for_temporary_files_is_told_in_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    Tls(())
    monkeypatch.setattr("trustme.Blob.tempfile", fails(errno.ENOSPC))
    result = invoke(main, ["serve", "--tls", "--port", "0"])
    assert (result.exit_code, result.output.count("\n"), "TMPDIR" in result.output) == (1, 1, True)


@pytest.mark.parametrize("content", ["ca.pem", "ca.key"])
def test_an_authority_that_was_written_by_half_is_told_in_one_line(folder: Path, content: str) -> None:
    Tls(())
    path = folder / "authority" / content
    content_before = path.read_bytes()
    for size in range(0, len(content_before) - 1, 40):
        path.write_bytes(content_before[:size])
        with pytest.raises(NoAuthority, match="holds no authority that can be read"):
            Tls(())


def test_a_key_of_another_authority_and_a_missing_one_are_told(folder: Path) -> None:
    Tls(())
    key = folder / "authority" / "ca.key"
    key.write_bytes(trustme.CA().private_key_pem.bytes())
    with pytest.raises(NoAuthority, match=r"ca\.key is not the key of ca\.pem"):
        Tls(())
    key.unlink()
    with pytest.raises(NoAuthority, match=r"it has no ca\.key"):
        Tls(())


@pytest.mark.parametrize("content", [b"", b"\xff\xfe", b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"])
def test_a_client_passes_over_an_authority_that_cannot_be_read(folder: Path, content: bytes) -> None:
    with ThreadedServer(create_app(worlds_of([])), tls=Tls(())) as server:
        (folder / "authority" / "ca.pem").write_bytes(content)
        with HttpClient(server.url) as client, pytest.raises(NoResponse, match="certificate verify failed"):
            client.send("GET", b"/_emulator/health")


def test_an_authority_is_made_once_and_its_key_is_nobody_elses(folder: Path) -> None:
    assert Tls(()).certificate == Tls(()).certificate
    assert (folder / "authority" / "ca.key").stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("command", [["certificate"], ["serve", "--tls", "--port", "0"]])
@pytest.mark.parametrize("content", ["ca.pem", "ca.key"])
def test_an_authority_that_cannot_be_read_is_told_with_its_place(folder: Path, content: str, command: list[str]) -> None:
    Tls(())
    (folder / "authority" / content).write_bytes(b"")
    result = invoke(main, command)
    assert (result.exit_code, result.output.count("\n")) == (1, 1)
    assert f"{folder}/authority holds no authority that can be read" in result.output
    assert "remove it" in result.output


def test_a_folder_that_cannot_be_made_is_told_with_what_helps(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.delenv("EMULATOR_TLS_FOLDER", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    result = invoke(main, ["certificate"])
    assert (result.exit_code, result.output.count("\n")) == (1, 1)
    assert str(tmp_path / "file" / "batch-emulator") in result.output
    assert "EMULATOR_TLS_FOLDER" in result.output
