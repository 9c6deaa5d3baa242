"""All worlds: what is in them, made, searched, forked, reset and dropped."""

from __future__ import annotations

import re

from playwright.sync_api import Route, expect

from emulator import Emulator
from tests.console.browser import Console
from tests.console.places import QUEUED


def test_a_world_is_listed_with_its_clock_and_what_is_in_it_by_status(console: Console) -> None:
    page = console.open("/worlds")
    card = page.get_by_role("article", name="World default")
    expect(card).to_contain_text("2026-03-09 20:55:31 UTC")
    expect(card).to_contain_text("frozen")
    expect(card.get_by_role("link", name="DRAFT 185")).to_be_visible()
    card.get_by_role("link", name="queued 1").click()
    expect(console.rows(name=QUEUED)).to_be_visible()
    assert console.place == "/w/default/state?vendor=serpwow&kind=batch&status=queued"


def test_the_first_page_is_the_list_of_worlds_and_so_is_what_nobody_knows(console: Console) -> None:
    for place in ("", "/nonsense/there"):
        page = console.open(place)
        expect(page.get_by_role("heading", name="Worlds")).to_be_visible()
        assert console.place == "/worlds"


def test_a_world_made_elsewhere_appears_and_one_that_is_dropped_goes(console: Console) -> None:
    page = console.open("/worlds")
    console.ask("POST", "/worlds", {"id": "elsewhere", "scenario": "stripe/cancel-in-progress", "claim": False})
    expect(page.get_by_role("article", name="World elsewhere")).to_be_visible()
    console.ask("DELETE", "/worlds/elsewhere")
    expect(page.get_by_role("article", name="World elsewhere")).to_have_count(0)


def test_a_list_that_was_asked_for_earlier_does_not_bring_back_a_world_that_is_dropped(console: Console) -> None:
    held = list[Route]()
    console.page.route("**/worlds/elsewhere/overview", lambda it: it.continue_() if held else held.append(it))
    console.ask("POST", "/worlds", {"id": "elsewhere", "scenario": "stripe/cancel-in-progress", "claim": False})
    page = console.open("/worlds")
    card = page.get_by_role("article", name="World elsewhere")
    expect(card).to_be_visible()
    console.ask("DELETE", "/worlds/elsewhere")
    expect(card).to_have_count(0)
    with page.expect_response("**/worlds/elsewhere/overview"):
        held[0].continue_()
    page.evaluate("() => new Promise(requestAnimationFrame)")
    assert card.count() == 0


def test_worlds_are_searched_by_name(console: Console) -> None:
    console.ask("POST", "/worlds", {"id": "another", "scenario": "first-run", "claim": False})
    page = console.open("/worlds")
    page.get_by_role("searchbox", name="Search worlds").fill("anoth")
    expect(page.get_by_role("article")).to_have_count(1)
    assert console.place == "/worlds?text=anoth"


def test_a_world_is_made_from_a_scenario(console: Console) -> None:
    page = console.open("/worlds")
    page.get_by_role("button", name="New world…").click()
    page.get_by_role("combobox", name="Scenario").fill("serpwow/stopall-23")
    page.get_by_role("textbox", name="Name", exact=True).fill("mine")
    page.get_by_role("button", name="Make").click()
    expect(page.get_by_role("link", name="queued 20")).to_be_visible()
    assert console.place.startswith("/w/mine/state")


def test_a_mistake_in_a_name_is_told_in_words_and_nothing_is_made(console: Console) -> None:
    page = console.open("/worlds")
    page.get_by_role("button", name="New world…").click()
    page.get_by_role("combobox", name="Scenario").fill("serpwow/stopal-23")
    page.get_by_role("button", name="Make").click()
    expect(page.get_by_role("status")).to_contain_text("serpwow/stopall-23")
    assert len(console.ask("GET", "/worlds")["worlds"]) == 1


def test_a_fork_is_asked_once_and_goes_on_by_itself(console: Console) -> None:
    page = console.open("/worlds")
    page.get_by_role("button", name="Fork default").click()
    page.get_by_label("Name of the new world").fill("twin")
    page.get_by_role("dialog").get_by_role("button", name="Fork").click()
    expect(page.get_by_role("status")).to_contain_text("twin goes on from default")
    assert console.place == "/w/twin/state"


def test_a_reset_is_asked_once_and_cancelled_it_changes_nothing(console: Console) -> None:
    console.ask("POST", "/worlds/default/clock/advance", {"by": "1h"})
    page = console.open("/worlds")
    card = page.get_by_role("article", name="World default")
    for answer, now in (("Cancel", "21:55:31"), ("Reset", "20:55:31")):
        page.get_by_role("button", name="Reset default").click()
        page.get_by_role("dialog").get_by_role("button", name=answer).click()
        expect(card).to_contain_text(now)


def test_a_world_is_dropped_and_the_default_one_cannot_be(console: Console) -> None:
    console.ask("POST", "/worlds", {"id": "gone", "scenario": "first-run", "claim": False})
    page = console.open("/worlds")
    expect(page.get_by_role("button", name="Drop default")).to_have_count(0)
    page.get_by_role("button", name="Drop gone").click()
    page.get_by_role("dialog").get_by_role("button", name="Drop").click()
    expect(page.get_by_role("article")).to_have_count(1)
    expect(page.get_by_role("article")).to_have_accessible_name(re.compile("default"))


def test_a_world_is_downloaded_as_a_file(console: Console) -> None:
    page = console.open("/worlds")
    with page.expect_download() as downloading:
        page.get_by_role("button", name="File of default").click()
    assert downloading.value.suggested_filename == "default.world.gz"
    with Emulator.open(downloading.value.path()) as emulator:
        assert emulator.serpwow.batch(QUEUED).status == "queued"
