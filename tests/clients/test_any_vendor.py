"""The handle knows a vendor by its name: its URL, its credentials and the parts of its state."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from emulator import Emulator
from emulator.kernel.errors import NotFound
from emulator.vendors import VENDORS

GIVEN = {
    "6dot50": {"members": ["27821231234"], "batches": [{"id": "7c2c1a0a-f462-42c3-b13c-30da2e4ad216", "name": "March"}]},
    "serpwow": {"batches": [{"id": "B1"}]},
}


@pytest.fixture(scope="module")
def world() -> Iterator[Emulator]:
    with Emulator({"title": "A test", "given": GIVEN}) as emulator:
        yield emulator


@pytest.mark.parametrize("name", VENDORS)
def test_a_vendor_has_its_url_and_its_credentials(world: Emulator, name: str) -> None:
    vendor = world[name]
    expected = getattr(world, VENDORS[name].python_name)
    assert vendor.url == expected.url
    for field in world.credentials[name].keys() - {"url"}:
        assert getattr(vendor, field) == getattr(expected, field)


def test_the_parts_of_the_state_are_records_lists_and_values(world: Emulator) -> None:
    assert [batch.name for batch in world.vendor("6dot50").batches] == ["March"]
    assert world.vendor("6dot50").members == ["27821231234"]
    assert world["6dot50"].platform.status == "operational"
    assert world["serpwow"].one("batches", "B1").id == "B1"
    assert {"url", "one", "key", "secret", "batches", "members"} <= {*dir(world["6dot50"])}


def test_a_wrong_name_is_an_error_that_names_the_right_one(world: Emulator) -> None:
    with pytest.raises(NotFound, match="no vendor is called 'strip'; did you mean 'stripe'"):
        world.vendor("strip")
    with pytest.raises(AttributeError, match="state of serpwow is called 'batchs'; did you mean 'batches'"):
        _ = world["serpwow"].batchs
    with pytest.raises(NotFound, match="no batch is called 'B2'"):
        world["serpwow"].one("batches", "B2")
