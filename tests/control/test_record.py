"""A record's JSON, schema and reader agree, since they are made from one declaration."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any, Literal

import pytest
from jsonschema import Draft202012Validator

from emulator.control import journal_models, models
from emulator.control.record import Count, Key, LeftOut, Record, from_json, members, object_schema, ref, schema_of, to_json


class Wheel(Record):
    size: Count


class Spare(Record):
    type: Literal["spare"]
    size: Count


class Engine(Record):
    type: Literal["engine"]
    built: datetime


class Car(Record):
    wheels: tuple[Wheel, ...]
    named: dict[str, Wheel]
    part: Spare | Engine
    source: Annotated[str, Key("from")]
    built: datetime | None
    colour: LeftOut[str]
    extra: Any


class DrivenCar(Car):
    """A record of the handle, with a field that no server sends."""

    _ask: Any = None


BUILT = datetime(2026, 3, 9, 20, 55, 31, 500_000, tzinfo=UTC)
CAR = Car((Wheel(1), Wheel(2)), {"fifth": Wheel(3)}, Engine("engine", BUILT), "Turin", None, None, [{"a": 1}])
JSON = {
    "wheels": [{"size": 1}, {"size": 2}],
    "named": {"fifth": {"size": 3}},
    "part": {"type": "engine", "built": "2026-03-09T20:55:31.500000Z"},
    "from": "Turin",
    "built": None,
    "extra": [{"a": 1}],
}
RECORDS = [record for module in (models, journal_models) for record in vars(module).values() if hasattr(record, "component")]


def test_a_record_is_written_in_the_order_of_its_fields_without_those_left_out() -> None:
    assert to_json(CAR) == JSON
    assert [*to_json(CAR)] == [*JSON]


def test_a_record_is_read_as_it_was_written() -> None:
    assert from_json(Car, JSON) == CAR


def test_a_record_with_more_of_its_own_is_read_from_the_same_json() -> None:
    driven = from_json(DrivenCar, JSON)
    assert driven == DrivenCar(**vars(CAR))
    assert driven != CAR
    assert (driven.source, driven._ask, to_json(DrivenCar(**vars(CAR), _ask=print))) == ("Turin", None, JSON)


def test_equal_records_have_equal_hashes_however_they_were_made() -> None:
    assert {Spare(size=1, type="spare"), Spare("spare", 1)} == {Spare("spare", 1)}


@pytest.mark.parametrize(("values", "named"), [((), {}), ((1, 2), {}), ((1,), {"size": 1}), ((), {"size": 1, "colour": 2})])
def test_a_record_has_each_of_its_fields_once(values: tuple[Any, ...], named: dict[str, Any]) -> None:
    with pytest.raises(TypeError, match="Wheel has the fields size, each of them once"):
        Wheel(*values, **named)


def test_a_record_is_frozen() -> None:
    with pytest.raises(AttributeError, match="Wheel is frozen"):
        setattr(Wheel(1), "size", 2)  # noqa: B010


def test_members_that_a_record_does_not_know_are_passed_over() -> None:
    assert from_json(Wheel, {"size": 1, "colour": "black"}) == Wheel(1)


def test_the_schema_of_a_record_accepts_its_json_and_nothing_else() -> None:
    validator = Draft202012Validator(schema_of(Car))
    assert validator.is_valid(to_json(CAR))
    assert validator.is_valid({**JSON, "colour": "red"})
    for wrong in ({**JSON, "doors": 4}, {**JSON, "colour": None}, {**JSON, "wheels": [{"size": -1}]}, {**JSON, "part": {}}):
        assert not validator.is_valid(wrong)


@pytest.mark.parametrize("record", [record for record in RECORDS if record.component], ids=lambda record: record.__name__)
def test_a_named_record_is_referred_to(record: type[Record]) -> None:
    assert schema_of(record) == ref(record.component or "")


@pytest.mark.parametrize("record", [record for record in RECORDS if record is not Record], ids=lambda record: record.__name__)
def test_every_record_has_a_schema_with_all_of_its_members(record: Any) -> None:
    schema = object_schema(record)
    Draft202012Validator.check_schema(schema)
    assert [*schema["properties"]] == [member.key for member in members(record)]
