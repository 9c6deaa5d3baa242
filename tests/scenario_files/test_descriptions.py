"""Every key of a scenario file has a description, in the schema that an editor shows and on the page docs/state.md."""

from __future__ import annotations

from typing import Any

import pytest

from emulator.contract.fixtures import load_fixture, scenario_folders
from emulator.scenario.descriptions import described_schema, editor_schema, grammar
from emulator.scenario.fitting import fits
from emulator.scenario.schema import scenario_schema, step_schema
from emulator.scenario.strict_yaml import parse
from emulator.scenario.validation import problems_in
from emulator.vendors import VENDORS
from tests.support.described import fields_of, state_fields


@pytest.mark.parametrize("vendor", VENDORS.values(), ids=VENDORS)
def test_every_field_of_a_state_is_described_and_no_other(vendor: Any) -> None:
    assert [field.path for field in state_fields(vendor) if not field.description.endswith(".")] == []
    assert set(load_fixture(vendor, "state.yaml")) == {field.path for field in state_fields(vendor)}


def test_every_key_of_the_grammar_is_described_and_no_other() -> None:
    fields = [*fields_of(scenario_schema(VENDORS)), *fields_of(step_schema(VENDORS.values()), "steps[]")]
    by_vendor = ("assume.", "timing.", "credentials.", "timeline[].revoke.", "steps[].revoke.")
    paths = {path for path, _ in fields if not path.startswith(by_vendor)}
    assert set(grammar()) == paths
    described = described_schema(VENDORS)
    assert all("description" in schema for _, schema in (*fields_of(described), *fields_of(described["$defs"]["step"])))


def test_a_described_field_keeps_its_form() -> None:
    msisdn = described_schema(VENDORS)["$defs"]["state"]["properties"]["6dot50"]["properties"]["members"]
    assert msisdn["description"].startswith("Mobile numbers of members")
    payment = described_schema(VENDORS)["$defs"]["state"]["properties"]["stripe"]["properties"]["failing"]["items"]
    assert payment["properties"]["share"]["description"].endswith("Written as 5% or 0.5%.")


@pytest.mark.parametrize("name", VENDORS)
def test_descriptions_change_nothing_about_what_fits(name: str) -> None:
    values: list[dict[str, Any]] = [{"given": {name: {"platform": {"status": "up"}}}}, {"given": {name: {"platfrom": {}}}}]
    for value in values:
        plain = [*problems_in(value | {"title": "x"}, scenario_schema(VENDORS))]
        assert [*problems_in(value | {"title": "x"}, described_schema(VENDORS))] == plain
        assert len(plain) == 1


EXAMPLES = sorted(path for folder in scenario_folders(VENDORS.values()) for path in folder.rglob("*.yaml"))


def test_an_editor_finds_no_mistake_in_a_shipped_file_before_its_parameters_are_filled_in() -> None:
    schema = editor_schema(VENDORS)
    texts = [(path.name, parse(path.read_text("utf-8")).value) for path in EXAMPLES]
    assert {name: [*problems_in(value, schema)] for name, value in texts if not fits(value, schema, schema)} == {}
    assert any("parameters" in value and "include" in value for _, value in texts)


@pytest.mark.parametrize(
    "value", [{"seed": "many"}, {"given": {"serpwow": {"batches": [{"searches": "$n"}]}}}, {"format": "${n}"}]
)
def test_an_editor_finds_what_is_no_parameter(value: dict[str, Any]) -> None:
    schema = editor_schema(VENDORS)
    assert not fits({"title": "x", **value}, schema, schema)
