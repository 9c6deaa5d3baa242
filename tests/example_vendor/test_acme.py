"""Acme keeps the promises of every vendor, and can be used like one."""

from urllib.request import Request, urlopen

import pytest
from acme_batches import ACME

from emulator import Emulator
from emulator.sdk.conformance import Check, checks


@pytest.mark.parametrize("check", checks(ACME), ids=str)
def test_acme_conforms(check: Check) -> None:
    check()


def test_a_batch_is_canceled(emulator: Emulator) -> None:
    emulator.state.change({"acme": {"batches": [{"id": "b1"}]}})
    acme = emulator["acme"]
    urlopen(Request(f"{acme.url}/batches/b1/cancel", method="POST", headers={"X-Acme-Key": acme.api_key}))
    assert acme.one("batches", "b1").status == "canceled"
