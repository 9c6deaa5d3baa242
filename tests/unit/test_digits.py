"""A number that a few characters tell never becomes the billion digits that it stands for."""

from __future__ import annotations

from decimal import Decimal

import httpx
import pytest

from emulator import Emulator
from emulator.scenario.layout import scalar
from emulator.sdk.exact_json import LONGEST_DECIMAL, digits_of, dump
from emulator.vendors import VENDORS

HUGE = ["1e999999999", "-1e999999999", "1.5e999999999", "1e-999999999", "0e-999999999", "0e999999999"]


@pytest.mark.parametrize("number", HUGE)
def test_a_number_of_a_billion_digits_is_written_with_its_exponent(number: str) -> None:
    for written in (digits_of(Decimal(number)), dump(Decimal(number)).decode(), scalar(Decimal(number))):
        assert len(written) < 20
        assert Decimal(written).compare_total(Decimal(number)) == 0


@pytest.mark.parametrize("number", ["0.00", "100", "1e3", "-0.5", "1e-9", f"1e{LONGEST_DECIMAL}"])
def test_any_other_number_is_written_out(number: str) -> None:
    assert digits_of(Decimal(number)) == format(Decimal(number), "f")


@pytest.mark.parametrize("number", HUGE)
def test_a_world_that_answered_with_such_a_number_can_be_recorded(number: str) -> None:
    with Emulator("first-run") as emulator:
        emulator.replies.add(at="serpwow.batches.list", status=200, body=number)
        with httpx.Client(transport=emulator.transport(), base_url="http://127.0.0.1") as client:
            assert client.get("/live/batches", params={"api_key": emulator.serpwow.api_key}).text == number
        assert str(Decimal(number)) in emulator.record()


@pytest.mark.parametrize("number", HUGE)
def test_an_amount_with_so_many_decimals_is_refused_at_once(number: str) -> None:
    state = {"accounts": [{"name": "A", "balance": Decimal(number)}]}
    problems = list(VENDORS["6dot50"].state.validate(state))
    assert not problems or "decimals" in problems[0].message
