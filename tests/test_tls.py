"""The certificate authority of --tls: one for all who begin at once, and a plain word where there can be none."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

from emulator.cli import main
from emulator.tls import Tls
from tests.commands import invoke

PRINTED = [sys.executable, "-m", "emulator", "certificate"]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("EMULATOR_TLS_FOLDER", str(tmp_path / "certificates"))
    return tmp_path / "certificates"


def test_all_who_begin_at_once_have_the_same_authority(folder: Path) -> None:
    environment = {"EMULATOR_TLS_FOLDER": str(folder)}
    started = [subprocess.Popen(PRINTED, stdout=subprocess.PIPE, env=environment) for _ in range(4)]
    assert len({one.communicate()[0] for one in started}) == 1


def test_who_comes_second_has_the_authority_of_who_came_first(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first: list[str] = []

    def made_meanwhile(*parts: Any, **options: Any) -> TemporaryDirectory[str]:
        """While one is made, another is made and put in its place."""
        monkeypatch.setattr("emulator.tls.TemporaryDirectory", TemporaryDirectory)
        first.append(Tls(()).certificate)
        return TemporaryDirectory(*parts, **options)

    monkeypatch.setattr("emulator.tls.TemporaryDirectory", made_meanwhile)
    assert Tls(()).certificate == first[0]
    assert [it.name for it in folder.iterdir()] == ["authority"]


def test_an_authority_is_made_once_and_its_key_is_nobody_elses(folder: Path) -> None:
    assert Tls(()).certificate == Tls(()).certificate
    assert (folder / "authority" / "ca.key").stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("command", [["certificate"], ["serve", "--tls", "--port", "0"]])
@pytest.mark.parametrize("broken", ["ca.pem", "ca.key"])
def test_an_authority_that_cannot_be_read_is_told_with_its_place(folder: Path, broken: str, command: list[str]) -> None:
    Tls(())
    (folder / "authority" / broken).write_bytes(b"")
    told = invoke(main, command)
    assert (told.exit_code, told.output.count("\n")) == (1, 1)
    assert f"{folder}/authority holds no authority that can be read" in told.output
    assert "remove it" in told.output


def test_a_folder_that_cannot_be_made_is_told_with_what_helps(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.delenv("EMULATOR_TLS_FOLDER", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    told = invoke(main, ["certificate"])
    assert (told.exit_code, told.output.count("\n")) == (1, 1)
    assert str(tmp_path / "file" / "batch-emulator") in told.output
    assert "EMULATOR_TLS_FOLDER" in told.output
