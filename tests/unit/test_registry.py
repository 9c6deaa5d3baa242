"""The registry of vendors: one that cannot be used is named in one line, and the others are there."""

from __future__ import annotations

import logging
from importlib.metadata import EntryPoint
from pathlib import Path
from zipfile import ZipFile

import pytest

from emulator.sdk import Vendor
from emulator.vendors import BUILT_IN, GROUP, VENDORS, plugins, registry


def test_the_vendors_in_the_box_come_first() -> None:
    assert [*VENDORS.values()][: len(BUILT_IN)] == [*BUILT_IN]


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ("no_such_module:ACME", "ModuleNotFoundError: No module named 'no_such_module'"),
        ("json:dumps", "json:dumps is of type function: it must be an emulator.sdk.Vendor"),
        ("emulator.vendors.stripe:STRIPE", "there is a vendor of the name 'stripe' already: choose another"),
    ],
)
def test_a_broken_plugin_is_one_line_and_stops_no_other(value: str, reason: str, caplog: pytest.LogCaptureFixture) -> None:
    plugins = [EntryPoint("acme", value, GROUP)]
    with caplog.at_level(logging.WARNING, "emulator"):
        assert [*registry(BUILT_IN, plugins).values()] == [*BUILT_IN]
    assert caplog.messages == [f"The vendor 'acme' is left out: {reason}"]


def names() -> set[str]:
    return {it.name for it in plugins()}


@pytest.mark.parametrize("installed", ["acme-1.0.dist-info", "acme.egg-info"])
def test_a_vendor_of_an_installed_package_is_found(installed: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "other-1.0.dist-info").mkdir()
    folder = tmp_path / installed
    folder.mkdir()
    (folder / "entry_points.txt").write_text("[console_scripts]\nacme = acme:main\n")
    assert "acme" not in names()
    (folder / "METADATA").write_text("Name: acme\nVersion: 1.0\n")
    (folder / "PKG-INFO").write_text("Name: acme\nVersion: 1.0\n")
    (folder / "entry_points.txt").write_text(f"[{GROUP}]\nacme = acme:ACME\n")
    assert "acme" in names()


def test_a_vendor_of_a_package_in_an_archive_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with ZipFile(tmp_path / "acme.zip", "w") as archive:
        archive.writestr("acme-1.0.dist-info/METADATA", "Name: acme\nVersion: 1.0\n")
        archive.writestr("acme-1.0.dist-info/entry_points.txt", f"[{GROUP}]\nacme = acme:ACME\n")
    monkeypatch.syspath_prepend(str(tmp_path / "acme.zip"))
    assert "acme" in names()


def test_a_vendor_without_a_folder_of_its_own_is_left_out(caplog: pytest.LogCaptureFixture) -> None:
    plugins = [EntryPoint("stripe", "emulator.vendors.stripe:STRIPE", GROUP)]
    others: list[Vendor] = [vendor for vendor in BUILT_IN if vendor.name != "stripe"]
    assert "stripe" not in registry(others, plugins)
    assert "it has no resources: name the folder that holds its fixtures/ and scenarios/" in caplog.text


@pytest.mark.parametrize(("vendor", "name"), [("6dot50", "sixdot50"), ("stripe", "stripe")])
def test_a_vendor_has_a_name_that_python_takes(vendor: str, name: str) -> None:
    assert VENDORS[vendor].python_name == name
