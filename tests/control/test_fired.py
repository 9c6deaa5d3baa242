"""The changes that an advance answers with: the JSON of their records, however it is made."""

from datetime import UTC, datetime, timedelta

import pytest

from emulator.control.entries import change, changes_json
from emulator.control.record import to_json
from emulator.kernel.exchange import Change
from emulator.sdk.exact_json import dump
from tests.support.toy import START

CHANGES = {
    "plain": Change(START, "toy.kettle", "7", "cold", "warming", "heat", "toy-1"),
    "without evidence": Change(START + timedelta(milliseconds=1), "toy.kettle", "7", "cold", "warming", "set by control"),
    "a quote": Change(START, "toy.kettle", 'a "b", é\n', "cold", "hot", 'impossible: it has "id":"",', "toy-1"),
    "far ahead": Change(datetime(8999, 12, 31, 23, 59, 59, 999_999, UTC), "toy.kettle", "7", "cold", "hot", "heat", "toy-1"),
    "a secret": Change(START, "toy.kettle", "api_key=sk_live_4eC39HqLyjWDarjtT1zdp7dc", "cold", "hot", "heat", "toy-1"),
}


@pytest.mark.parametrize("name", CHANGES)
def test_a_change_that_fired_has_the_json_of_its_record(name: str) -> None:
    for _ in range(2):  # what is made once is made, and then found
        assert dump(changes_json([CHANGES[name]])[0]) == dump(to_json(change(CHANGES[name])))
