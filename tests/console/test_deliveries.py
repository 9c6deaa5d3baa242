"""Notifications that are owed, their attempts, and one that is sent again."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.console.browser import Console

SCENARIO = "stripe/a-cancel-is-announced"


@pytest.fixture
def announced(console: Console) -> Console:
    """The console of a world in which a cancel was announced."""
    made = console.ask("POST", "/worlds", {"id": "hooks", "scenario": SCENARIO, "claim": False})
    (job,) = console.ask("GET", "/worlds/hooks/state?vendor=stripe")["stripe"]["batch_jobs"]
    headers = {"Authorization": f"Bearer {made['credentials']['stripe']['api_key']}", "Stripe-Version": "2026-03-25.preview"}
    console.call({"method": "POST", "url": f"/v2/core/batch_jobs/{job['id']}/cancel", "headers": headers})
    console.ask("POST", "/worlds/hooks/clock/advance", {"by": "1m"})
    return console


def test_a_delivery_is_listed_with_its_status_and_opened(announced: Console) -> None:
    page = announced.open("/w/hooks/deliveries")
    announced.rows(name="v2.core.batch_job.canceled").first.click()
    panel = page.get_by_role("complementary", name="Delivery")
    expect(panel).to_contain_text("collected")
    panel.get_by_text("What is sent").click()
    expect(panel).to_contain_text("v2.core.batch_job.canceled")


def test_a_delivery_is_sent_again_and_copied(announced: Console) -> None:
    page = announced.open("/w/hooks/deliveries")
    announced.rows(name="v2.core.batch_job.canceled").first.click()
    page.get_by_role("button", name="Copy as curl").click()
    assert page.get_by_role("dialog").get_by_role("textbox").input_value().startswith("curl -X POST 'https://")
    page.get_by_role("dialog").get_by_role("button", name="Close").click()
    page.get_by_role("button", name="Send it again").click()
    expect(page.locator("#said")).to_contain_text("It is owed again: collected.")


def test_deliveries_are_filtered_by_status(announced: Console) -> None:
    page = announced.open("/w/hooks/deliveries")
    expect(announced.rows().first).to_be_visible()
    page.get_by_role("combobox", name="Status").select_option("exhausted")
    expect(page.get_by_text("No notification is owed")).to_be_visible()
