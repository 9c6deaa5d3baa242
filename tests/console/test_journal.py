"""The journal as it happens, and one entry of it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.console.browser import Console
from tests.console.places import CANCEL, JOB, QUEUED

STOP = {"method": "GET", "url": f"/live/batches/{QUEUED}/stop?api_key=demo"}
HOSTILE = "<img src=x onerror=alert(1)><script>alert(2)</script>\u202e\"'`${1}"


def happened(console: Console) -> None:
    """Let a stop, a cancel and what follows happen: entries 1 to 3."""
    for request in (STOP, CANCEL):
        console.call(request)
    console.ask("POST", "/worlds/default/clock/advance", {"by": "1s"})


def numbers(page: Page) -> list[str]:
    return page.locator("[role=listbox] .n").all_inner_texts()


def test_entries_appear_as_they_happen_the_newest_first(console: Console) -> None:
    page = console.open("/w/default/journal")
    expect(page.get_by_text("Nothing has happened yet")).to_be_visible()
    happened(console)
    expect(console.rows()).to_have_count(3)
    assert numbers(page) == ["3", "2", "1"]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("kind=exchange", ["2", "1"]),
        ("kind=change", ["3"]),
        ("operation=stripe.batch_jobs.cancel", ["2"]),
        ("status=200", ["2", "1"]),
        (f"resource={JOB}", ["3", "2"]),
        ("text=batch+stopped", ["1"]),
        ("text=nobody", []),
    ],
)
def test_entries_are_filtered(console: Console, query: str, found: list[str]) -> None:
    happened(console)
    page = console.open(f"/w/default/journal?{query}")
    expect(console.rows() if found else page.get_by_text("No entry fits.")).to_have_count(len(found) or 1)
    assert numbers(page) == found


def test_a_filter_stands_in_the_address_and_can_be_cleared(console: Console) -> None:
    happened(console)
    page = console.open("/w/default/journal")
    page.get_by_label("Kind of entry").select_option("change")
    expect(console.rows()).to_have_count(1)
    assert console.place == "/w/default/journal?kind=change"
    page.get_by_role("button", name="Clear").click()
    expect(console.rows()).to_have_count(3)


def test_an_exchange_says_why_it_went_so(console: Console) -> None:
    happened(console)
    page = console.open("/w/default/journal")
    console.rows(name=f"/live/batches/{QUEUED}/stop").click()
    entry = page.get_by_role("complementary", name="Entry")
    expect(entry).to_contain_text("queued —stop→ idle, answers stopped")
    expect(entry).to_contain_text("the credits allocated for its run come back to the account")
    expect(entry.get_by_role("link", name="docs.trajectdata.com/serpwow/batches-api/batches/stop").first).to_have_attribute(
        "rel", "noopener noreferrer"
    )
    expect(entry).to_contain_text("credits_used: 230 → 30 (-200)")
    assert console.place == "/w/default/journal?n=1"


def test_another_choice_of_an_assumption_is_tried_and_changes_nothing(console: Console) -> None:
    console.call({"method": "GET", "url": "/live/batches/UNKNOWN/stop?api_key=demo"})
    page = console.open("/w/default/journal?n=1")
    page.get_by_role("button", name="Try the other choice of serpwow.unknown-batch").click()
    entry = page.get_by_role("complementary", name="Entry")
    expect(entry).to_contain_text("With serpwow.unknown-batch = 404")
    expect(entry).to_contain_text("It would be answered 404")
    assert len(console.entries()) == 1


def test_an_exchange_is_sent_again(console: Console) -> None:
    console.call(STOP)
    page = console.open("/w/default/journal?n=1")
    page.get_by_role("button", name="Send again").click()
    expect(page.get_by_text("It was answered 400")).to_be_visible()
    assert [it["status"] for it in console.entries()] == [200, 400]


def test_an_exchange_is_changed_and_sent(console: Console) -> None:
    console.call(STOP)
    page = console.open("/w/default/journal?n=1")
    page.get_by_role("button", name="Change and send…").click()
    url = page.get_by_label("Path and query")
    url.fill(url.input_value().replace(f"{QUEUED}/stop", QUEUED))
    page.get_by_role("button", name="Send", exact=True).click()
    expect(page.get_by_text("It was answered 200")).to_be_visible()
    assert console.entries()[-1]["operation"] == "serpwow.batches.get"


def copied(page: Page, name: str) -> str:
    page.get_by_role("button", name=f"Copy as {name}").click()
    text = page.get_by_role("dialog").get_by_role("textbox").input_value()
    page.get_by_role("dialog").get_by_role("button", name="Close").click()
    return text


def test_an_exchange_is_copied_as_curl_and_as_a_step(console: Console) -> None:
    happened(console)
    page = console.open("/w/default/journal?n=1")
    assert copied(page, "curl").startswith("curl ")
    assert f"/live/batches/{QUEUED}/stop" in copied(page, "step")


def test_an_exchange_is_copied_as_a_test_that_passes(console: Console, tmp_path: Path) -> None:
    happened(console)
    page = console.open("/w/default/journal?n=1")
    (tmp_path / "test_copied.py").write_text(copied(page, "pytest"), "utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", str(tmp_path)], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert "1 passed" in done.stdout, done.stdout


def test_hostile_text_of_a_client_stays_text(console: Console) -> None:
    body = {"name": HOSTILE, "searches": [{"q": HOSTILE}]}
    console.call(
        {
            "method": "POST",
            "url": "/live/batches?api_key=demo",
            "headers": {"X-Hostile": "<b>bold</b>", "Content-Type": "application/json"},
            "body": body,
        },
    )
    id = console.entries()[0]["reply"]["batch"]["id"]
    for place, where in (
        (f"/w/default/state?vendor=serpwow&kind=batch&id={id}", "Resource"),
        ("/w/default/journal?n=1", "Entry"),
    ):
        page = console.open(place)
        expect(page.get_by_role("complementary", name=where)).to_contain_text("<img src=x onerror=alert(1)>")
        assert page.locator("main img, main script, main b:text('bold')").count() == 0


def test_ten_thousand_entries_open_and_scroll_with_few_elements(console: Console) -> None:
    for _ in range(100):
        console.ask("POST", "/worlds/default/clock/advance", {"by": "1s"})
    for _ in range(300):
        console.page.request.get(f"{console.url}/live/account?api_key=demo")
    page = console.open("/w/default/journal")
    rows = page.get_by_role("listbox", name="Entries, the newest first")
    last = console.ask("GET", "/worlds/default/journal?limit=1")["last"]
    expect(rows.get_by_role("option").first).to_have_attribute("aria-posinset", "1")
    rows.focus()
    for _ in range(3):
        rows.press("End")
    expect(rows.locator(".n", has_text="1").last).to_be_visible()
    assert rows.get_by_role("option").count() < 80
    assert last > 300


def test_the_arrow_keys_go_through_the_entries_and_enter_opens_one(console: Console) -> None:
    happened(console)
    page = console.open("/w/default/journal")
    rows = page.get_by_role("listbox", name="Entries, the newest first")
    expect(rows.get_by_role("option")).to_have_count(3)
    rows.focus()
    for key in ("ArrowDown", "End", "ArrowUp", "Enter"):
        rows.press(key)
    expect(page.get_by_role("complementary", name="Entry")).to_contain_text("stripe.batch_jobs.cancel")
    page.get_by_role("complementary", name="Entry").get_by_role("button", name="Close").press("Escape")
    expect(page.get_by_role("complementary", name="Entry")).to_be_hidden()
