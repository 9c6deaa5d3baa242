"""An id that no client could ask for is refused with the reason, and each served scenario has a world of a name to read."""

from __future__ import annotations

from typing import Any

import pytest

from emulator.kernel.errors import BadInput, Conflict
from emulator.scenario.document import Document
from emulator.scenario.loader import load_document
from emulator.scenario.scenario import Scenario
from emulator.server.app import world_name, worlds_of
from emulator.vendors import VENDORS

LISTS = [("serpwow", part) for part in ("batches", "destinations", "error_logs")]
LISTS += [("stripe", part) for part in ("batch_jobs", "event_destinations", "events")]
EVENT = {"type": "v2.core.batch_job.completed", "object_id": "batchv2_x"}


@pytest.mark.parametrize(("vendor", "part"), LISTS)
@pytest.mark.parametrize(
    ("id", "reason"),
    [
        ("", "leave it out"),
        ("a/b", "'/' in it"),
        ("a b", "' ' in it"),
        ("a\n", "in it"),
        ("a?b", "'?' in it"),
        ("a%20b", "'%' in it"),
        ("..", "no segment"),
    ],
)
def test_an_id_that_fits_no_path_is_refused(vendor: str, part: str, id: str, reason: str) -> None:
    item = {"id": id, **(EVENT if part == "events" else {})}
    with pytest.raises(BadInput) as excinfo:
        load_document(Document({"title": "Ids", "given": {vendor: {part: [item]}}}), VENDORS)
    (problem,) = excinfo.value.problems
    assert (problem.pointer, reason in problem.message) == (f"/given/{vendor}/{part}/0/id", True), problem.message


@pytest.mark.parametrize(
    ("vendor", "state", "place"),
    [
        ("serpwow", {"batches": [{"id": "A", "searches": 1, "owner": ""}]}, "batches/0/owner"),
        ("stripe", {"account": {"id": ""}}, "account/id"),
        ("stripe", {"batch_jobs": [{"owner": ""}]}, "batch_jobs/0/owner"),
        ("stripe", {"event_destinations": [{"name": ""}]}, "event_destinations/0/name"),
        ("stripe", {"event_destinations": [{"signing_secret": ""}]}, "event_destinations/0/signing_secret"),
        ("stripe", {"events": [EVENT | {"object_id": ""}]}, "events/0/object_id"),
        ("6dot50", {"accounts": [{"currencyCode": ""}]}, "accounts/0/currencyCode"),
        ("6dot50", {"accounts": [{"shortName": ""}]}, "accounts/0/shortName"),
        ("6dot50", {"batches": [{"externalId": ""}]}, "batches/0/externalId"),
        ("6dot50", {"batches": [{"owner": ""}]}, "batches/0/owner"),
    ],
)
def test_a_name_in_a_state_is_not_empty(vendor: str, state: dict[str, Any], place: str) -> None:
    with pytest.raises(BadInput) as excinfo:
        load_document(Document({"title": "Names", "given": {vendor: state}}), VENDORS)
    (problem,) = excinfo.value.problems
    assert (problem.pointer, problem.message[-24:]) == (f"/given/{vendor}/{place}", " is empty, and cannot be")


def test_a_token_that_is_given_twice_is_refused_unseen() -> None:
    tokens = [{"token": "open-sesame", "key": "a"}, {"token": "open-sesame", "key": "b"}]
    with pytest.raises(BadInput) as excinfo:
        load_document(Document({"title": "Tokens", "given": {"6dot50": {"tokens": tokens}}}), VENDORS)
    (problem,) = excinfo.value.problems
    assert (problem.pointer, problem.message) == ("/given/6dot50/tokens/1/token", "this token is given twice")


def test_ids_that_are_words_elsewhere_are_ids() -> None:
    state = {"serpwow": {"batches": [{"id": "start"}, {"id": "csv"}]}, "stripe": {"batch_jobs": [{"id": "stopall"}]}}
    load_document(Document({"title": "Ids", "given": state}), VENDORS)


@pytest.mark.parametrize(
    ("scenario", "world"),
    [
        ("serpwow/stopall-23", "serpwow.stopall-23"),
        ("my story", "my-story"),
        ("ü", "u"),
        ("café crème", "cafe-creme"),
        ("测试", "u6d4bu8bd5"),
        ("测验", "u6d4bu9a8c"),
    ],
)
def test_a_world_has_a_name_to_read(scenario: str, world: str) -> None:
    assert world_name(scenario) == world


def test_two_scenarios_of_one_name_are_refused() -> None:
    stories = [Scenario(name, "", {"title": "A story"}) for name in ("first", "ü", "u")]
    with pytest.raises(Conflict):
        worlds_of(stories)
