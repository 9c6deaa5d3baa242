"""Time: the clock that is held, what is due, and the way back over what happened."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.console.browser import Console
from tests.console.places import CANCEL, QUEUED

STOP = {"method": "GET", "url": f"/live/batches/{QUEUED}/stop?api_key=demo"}


@pytest.mark.parametrize(
    ("button", "now"),
    [
        ("Next", "20:55:33 UTC"),
        ("Advance by 1s", "20:55:32 UTC"),
        ("Advance by 1m", "20:56:31 UTC"),
        ("Advance by 1h", "21:55:31 UTC"),
        ("Advance by 1d", "2026-03-10 20:55:31 UTC"),
    ],
)
def test_a_button_moves_the_clock_and_says_what_happened(console: Console, button: str, now: str) -> None:
    page = console.open("/w/default/state")
    page.get_by_role("button", name=button, exact=True).click()
    expect(page.get_by_role("region", name="Clock").get_by_role("time")).to_contain_text(now)
    expect(page.locator("#said")).to_contain_text("It is ")


@pytest.mark.parametrize(("typed", "now"), [("90s", "20:57:01 UTC"), ("2026-03-10T00:00:00Z", "2026-03-10 00:00:00 UTC")])
def test_a_duration_or_an_instant_can_be_typed(console: Console, typed: str, now: str) -> None:
    page = console.open("/w/default/state")
    page.get_by_label("Advance by a duration, or to an instant").fill(typed)
    page.get_by_role("button", name="Advance", exact=True).click()
    expect(page.get_by_role("region", name="Clock").get_by_role("time")).to_contain_text(now)


def test_what_is_no_duration_is_told_in_words_and_time_stands(console: Console) -> None:
    page = console.open("/w/default/state")
    page.get_by_label("Advance by a duration, or to an instant").fill("soon")
    page.get_by_label("Advance by a duration, or to an instant").press("Enter")
    expect(page.locator("#said")).to_contain_text("soon")
    assert console.ask("GET", "/worlds/default/clock")["now"] == "2026-03-09T20:55:31Z"


def test_the_rate_is_set(console: Console) -> None:
    page = console.open("/w/default/state")
    page.get_by_label("Rate of the clock").select_option("60")
    expect(page.locator("#said")).to_contain_text("at rate 60")
    assert console.ask("GET", "/worlds/default/clock")["rate"] == 60


def test_what_is_due_is_marked_and_leads_to_its_resource(console: Console) -> None:
    page = console.open("/w/default/time")
    expect(page.get_by_role("img", name="What is due")).to_be_visible()
    page.get_by_role("link", name=QUEUED).click()
    expect(page.get_by_role("complementary", name="Resource")).to_contain_text(QUEUED)


def test_the_slider_goes_back_entry_by_entry_and_on_again(console: Console) -> None:
    for request in (STOP, CANCEL):
        console.call(request)
    page = console.open("/w/default/state?vendor=serpwow&kind=batch")
    slider = page.get_by_role("slider")
    expect(slider).to_have_attribute("aria-valuetext", "now, after entry 2")
    slider.focus()
    slider.press("ArrowLeft")
    expect(slider).to_have_attribute("aria-valuetext", "after entry 1 of 2")
    expect(page.get_by_text("You see default as it was at entry/1. It is read-only.")).to_be_visible()
    expect(page.get_by_role("link", name="queued 0")).to_be_visible()
    page.get_by_role("button", name="One entry back").click()
    expect(page.get_by_text("as it was at its beginning")).to_be_visible()
    expect(page.get_by_role("link", name="queued 1")).to_be_visible()
    slider.press("End")
    expect(slider).to_have_attribute("aria-valuetext", "now, after entry 2")
    assert len(console.entries()) == 2


def test_going_back_is_asked_once_and_takes_back_what_came_after(console: Console) -> None:
    for request in (STOP, CANCEL):
        console.call(request)
    page = console.open("/w/default/state?at=entry/1")
    page.get_by_role("button", name="Go back to here…").click()
    page.get_by_role("dialog").get_by_role("button", name="Cancel").click()
    assert len(console.entries()) == 2
    page.get_by_role("button", name="Go back to here…").click()
    page.get_by_role("dialog").get_by_role("button", name="Go back").click()
    expect(page.locator("#said")).to_contain_text("default is back at entry/1")
    assert [it["n"] for it in console.entries()] == [1]


def test_another_world_goes_on_from_a_moment_of_this_one(console: Console) -> None:
    for request in (STOP, CANCEL):
        console.call(request)
    page = console.open("/w/default/state?at=entry/1")
    page.get_by_role("button", name="Go on from here in another world…").click()
    page.get_by_label("Name of the new world").fill("other")
    page.get_by_role("dialog").get_by_role("button", name="Fork").click()
    expect(page.locator("#said")).to_contain_text("other goes on from default")
    assert len(console.entries("other")) == 1
    assert len(console.entries()) == 2


def test_two_moments_are_compared(console: Console) -> None:
    console.call(STOP)
    page = console.open("/w/default/state?at=beginning")
    page.get_by_role("button", name="Compare with now").click()
    expect(page.get_by_text("credits_used: 230 → 30 (-200)")).to_be_visible()
    page.get_by_role("combobox", name="From", exact=True).fill("entry/1")
    page.get_by_role("button", name="Compare", exact=True).click()
    expect(page.get_by_text("No difference.")).to_be_visible()


def test_a_step_of_a_plotted_number_leads_to_the_entry_that_took_it(console: Console) -> None:
    console.call(STOP)
    page = console.open("/w/default/time")
    plot = page.get_by_role("group", name="serpwow credits_remaining over time")
    plot.get_by_role("link", name="14,970 (+200)").first.click()
    expect(page.get_by_role("complementary", name="Entry")).to_contain_text("serpwow.batches.stop")


def test_a_snapshot_is_kept_looked_at_and_gone_back_to(console: Console) -> None:
    page = console.open("/w/default/time")
    page.get_by_role("button", name="Keep the present…").click()
    page.get_by_role("textbox", name="Name", exact=True).fill("before")
    page.get_by_role("dialog").get_by_role("button", name="Keep").click()
    expect(page.get_by_role("button", name="Go back to before")).to_be_visible()
    console.call(STOP)
    page.get_by_role("button", name="Go back to before").click()
    page.get_by_role("dialog").get_by_role("button", name="Go back").click()
    expect(page.locator("#said")).to_contain_text("default is back at before")
    assert console.entries() == []
