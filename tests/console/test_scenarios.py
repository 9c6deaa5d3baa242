"""Scenarios: read, loaded, and written with a check as one types. Evidence: what is known, and how surely."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.console.browser import Console


def test_a_scenario_is_searched_read_and_loaded_into_a_world(console: Console) -> None:
    page = console.open("/scenarios")
    page.get_by_role("searchbox", name="Search names and titles").fill("stops 23")
    console.rows(name="Stop-all stops 23 batches").click()
    panel = page.get_by_role("complementary", name="Scenario")
    expect(panel).to_contain_text("{repeat: 19, status: queued, searches: 10}")
    panel.get_by_role("button", name="Load into a new world…").click()
    page.get_by_label("Name of the world").fill("loaded")
    page.get_by_role("dialog").get_by_role("button", name="Load").click()
    expect(page.get_by_role("link", name="queued 20")).to_be_visible()
    assert console.place == "/w/loaded/state"


def test_a_scenario_leads_to_the_facts_that_it_proves(console: Console) -> None:
    page = console.open("/scenarios?name=serpwow/stopall-23")
    page.get_by_role("link", name="serpwow-stopall-2", exact=True).click()
    expect(page.get_by_role("heading", name="Evidence")).to_be_visible()
    expect(page.get_by_text("serpwow-stopall-2 ").first).to_be_visible()


def test_what_is_written_is_checked_as_one_types(console: Console) -> None:
    page = console.open("/scenarios?write=1")
    expect(page.get_by_text("No mistake.")).to_be_visible()
    editor = page.get_by_label("Scenario in YAML")
    editor.fill("title: A mistake\ngiven:\n  serpwow:\n    batchs: []\n")
    expect(page.get_by_text("batches")).to_be_visible()
    page.get_by_role("button", name="Go to line 4").click()
    expect(editor).to_be_focused()


def test_a_world_is_made_of_what_is_written(console: Console) -> None:
    page = console.open("/scenarios?write=1")
    page.get_by_role("button", name="Make a world of it").click()
    expect(console.rows(name="B1")).to_be_visible()


def test_facts_are_shown_by_kind_and_searched(console: Console) -> None:
    page = console.open("/evidence?vendor=stripe&kind=inferred")
    expect(page.locator(".fact .tag.inferred").first).to_be_visible()
    assert page.locator(".fact .tag.documented").count() == 0
    page.get_by_role("searchbox", name="Search facts").fill("nothing says this")
    expect(page.get_by_text("No fact says so.")).to_be_visible()


def test_assumptions_are_shown_with_their_choices(console: Console) -> None:
    page = console.open("/evidence?vendor=serpwow&kind=assumption&text=unknown-batch")
    expect(page.get_by_text("Which status does an unknown id get")).to_be_visible()
    expect(page.locator(".fact .tag.strong").first).to_have_text("400")
