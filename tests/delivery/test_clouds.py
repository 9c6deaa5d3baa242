"""Events go to a destination in a cloud once its owner has connected it, and cannot be sent there again by hand."""

from __future__ import annotations

from typing import Any

import pytest

from emulator import ControlError, Emulator

CANCELED = "v2.core.batch_job.canceled"


def given(type: str, status: str) -> dict[str, Any]:
    """Return a scenario in which a job is canceled, and a destination in a cloud of that status wants to know."""
    name = "aws_event_source_status" if type == "amazon_eventbridge" else "azure_partner_topic_status"
    destination = {"id": "ed_1", "type": type, type: {name: status}, "enabled_events": [CANCELED]}
    return {
        "given": {"stripe": {"batch_jobs": [{"id": "batchv2_A", "status": "cancelling"}], "event_destinations": [destination]}}
    }


def told(emulator: Emulator) -> list[str]:
    """Return the statuses of what a canceled job makes its destinations be told."""
    emulator.clock.advance("10s")
    return [it.status for it in emulator.deliveries.filter(CANCELED)]


@pytest.mark.scenario({})
@pytest.mark.parametrize(
    ("type", "status"),
    [
        ("amazon_eventbridge", "pending"),
        ("amazon_eventbridge", "deleted"),
        ("azure_event_grid", "never_activated"),
        ("azure_event_grid", "deleted"),
    ],
)
def test_nothing_goes_to_a_cloud_that_its_owner_has_not_connected(emulator: Emulator, type: str, status: str) -> None:
    emulator.load(given(type, status))
    assert told(emulator) == []


@pytest.mark.scenario({})
@pytest.mark.parametrize(
    ("type", "status"),
    [
        ("amazon_eventbridge", "active"),
        ("amazon_eventbridge", "unknown"),
        ("azure_event_grid", "activated"),
        ("azure_event_grid", "unknown"),
    ],
)
def test_what_goes_to_a_connected_cloud_is_collected(emulator: Emulator, type: str, status: str) -> None:
    emulator.load(given(type, status))
    assert told(emulator) == ["collected"]


@pytest.mark.scenario(given("amazon_eventbridge", "pending"))
def test_what_happened_before_a_cloud_was_connected_is_not_sent_later(emulator: Emulator) -> None:
    assert told(emulator) == []
    active = {"id": "ed_1", "amazon_eventbridge": {"aws_event_source_status": "active"}}
    emulator.state.change({"stripe": {"event_destinations": [active]}})
    assert told(emulator) == []


@pytest.mark.scenario(given("azure_event_grid", "activated"))
def test_what_is_owed_to_a_cloud_is_dropped_where_it_is_cut_off_before(emulator: Emulator) -> None:
    emulator.clock.advance("1s")
    inactive = {"id": "ed_1", "azure_event_grid": {"azure_partner_topic_status": "never_activated"}}
    emulator.state.change({"stripe": {"event_destinations": [inactive]}})
    assert told(emulator) == ["dropped"]
    assert emulator.deliveries[0].because == "its partner topic at Azure is not activated"


@pytest.mark.scenario(given("amazon_eventbridge", "active"))
def test_an_event_cannot_be_sent_to_amazon_by_hand(emulator: Emulator) -> None:
    assert told(emulator) == ["collected"]
    with pytest.raises(ControlError, match="Stripe does not send events to Amazon EventBridge by hand") as refused:
        emulator.deliveries[0].resend()
    assert (refused.value.status, emulator.deliveries[0].status) == (409, "collected")


@pytest.mark.scenario(given("azure_event_grid", "activated"))
def test_an_event_can_be_sent_to_azure_by_hand(emulator: Emulator) -> None:
    assert told(emulator) == ["collected"]
    assert emulator.deliveries[0].resend().status == "collected"


@pytest.mark.scenario(given("azure_event_grid", "activated"))
def test_what_goes_to_a_cloud_has_no_headers_of_a_webhook(emulator: Emulator) -> None:
    assert told(emulator) == ["collected"]
    assert emulator.deliveries[0].headers == ()
