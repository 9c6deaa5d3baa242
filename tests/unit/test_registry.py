"""The registry of vendors: one that cannot be used is named in one line, and the others are there."""

from __future__ import annotations

import logging
from importlib.metadata import EntryPoint

import pytest

from emulator.sdk import Vendor
from emulator.vendors import BUILT_IN, GROUP, VENDORS, registry


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


def test_a_vendor_without_a_folder_of_its_own_is_left_out(caplog: pytest.LogCaptureFixture) -> None:
    plugins = [EntryPoint("stripe", "emulator.vendors.stripe:STRIPE", GROUP)]
    others: list[Vendor] = [vendor for vendor in BUILT_IN if vendor.name != "stripe"]
    assert "stripe" not in registry(others, plugins)
    assert "it has no resources: name the folder that holds its fixtures/ and scenarios/" in caplog.text


@pytest.mark.parametrize(("vendor", "name"), [("6dot50", "sixdot50"), ("stripe", "stripe")])
def test_a_vendor_has_a_name_that_python_takes(vendor: str, name: str) -> None:
    assert VENDORS[vendor].python_name == name
