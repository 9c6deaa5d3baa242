"""A broken schema of one vendor stops what uses it, and no scenario of another vendor."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from emulator.client.in_process import InProcessClient
from emulator.contract.fixtures import fixtures_folder
from emulator.contract.validator import ContractViolation, ResponseValidator
from emulator.scenario.player import play
from emulator.server.app import create_app, library, worlds_of
from emulator.vendors import VENDORS

BROKEN_SCHEMAS = {
    "a type that is none": ('{"type": "objekt"}', "batch.schema.json is no JSON Schema: 'objekt' is not valid"),
    "no JSON": ("{", "batch.schema.json is no JSON Schema: unexpected end of data"),
}


@pytest.fixture
def broken_validator(request: pytest.FixtureRequest, tmp_path: Path) -> ResponseValidator:
    folder = tmp_path / "fixtures" / "serpwow"
    shutil.copytree(fixtures_folder() / "serpwow", folder)
    (folder / "schemas" / "batch.schema.json").write_text(request.param)
    vendors = VENDORS | {"serpwow": replace(VENDORS["serpwow"], resources=tmp_path)}
    return ResponseValidator(vendors.values())


@pytest.mark.parametrize(
    "broken_validator", [schema for schema, _ in BROKEN_SCHEMAS.values()], ids=BROKEN_SCHEMAS, indirect=True
)
def test_a_broken_schema_stops_no_scenario_of_another_vendor(broken_validator: ResponseValidator) -> None:
    client = InProcessClient(create_app(worlds_of([]), validate=broken_validator))
    assert play(library().get("stripe/cancel-in-progress"), client).differences == []


@pytest.mark.parametrize(
    ("broken_validator", "reason"), BROKEN_SCHEMAS.values(), ids=BROKEN_SCHEMAS, indirect=["broken_validator"]
)
def test_a_response_that_needs_a_broken_schema_hears_which_file_it_is(broken_validator: Any, reason: str) -> None:
    with pytest.raises(ContractViolation) as violation:
        broken_validator("serpwow", "serpwow.batches.stop", 200, b"{}")
    assert reason in str(violation.value)
