"""The state of a world: counts, the machine, resources, one of them, and what can be asked of it."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.console.browser import Console
from tests.console.places import CANCEL, JOB, JOB_IN_PROGRESS, QUEUED, QUEUED_BATCH, RUNNING

BATCH = "0b6cdf2e-b00f-4e77-8175-253093157a2f"


def test_a_click_on_a_state_lists_what_is_there_and_another_click_lists_all_again(console: Console) -> None:
    page = console.open("/w/default/state?vendor=serpwow&kind=batch")
    expect(console.rows()).to_have_count(3)
    page.get_by_role("link", name="running 1").click()
    expect(console.rows()).to_have_count(1)
    expect(console.rows(name=RUNNING)).to_be_visible()
    page.get_by_role("link", name="running 1").click()
    expect(console.rows()).to_have_count(3)


def test_the_machine_is_drawn_from_its_rows_with_a_count_at_each_state(console: Console) -> None:
    page = console.open("/w/default/state?vendor=stripe&kind=batch_job")
    machine = page.get_by_role("group", name="The states of stripe.batch_job")
    states = next(it["states"] for it in console.ask("GET", "/vendors/stripe")["machines"] if it["kind"] == "stripe.batch_job")
    expect(machine.get_by_role("link")).to_have_count(len(states))
    expect(machine.get_by_role("link", name="in_progress 1")).to_be_visible()
    expect(machine.get_by_role("link", name="canceled 0")).to_be_visible()


def test_counts_and_numbers_follow_what_a_client_does_meanwhile(console: Console) -> None:
    page = console.open("/w/default/state?vendor=serpwow&kind=batch")
    expect(page.get_by_role("link", name="credits_remaining 14,770")).to_be_visible()
    page.request.get(f"{console.url}/live/batches/{QUEUED}/stop?api_key=demo")
    expect(page.get_by_role("link", name="credits_remaining 14,970")).to_be_visible()
    expect(page.get_by_role("link", name="queued 0")).to_be_visible()


def test_a_resource_shows_its_fields_its_way_and_what_comes_next(console: Console) -> None:
    page = console.open("/w/default/state?vendor=serpwow&kind=batch")
    console.rows(name=QUEUED).click()
    panel = page.get_by_role("complementary", name="Resource")
    expect(panel).to_contain_text("in 2s → running")
    expect(panel).to_contain_text("It is as it was given.")
    expect(panel).to_contain_text("Waiting in the queue")
    page.get_by_role("button", name="Next").click()
    expect(panel).to_contain_text("queued → running by after queue")
    assert f"id={QUEUED}" in console.place


def test_resources_are_searched_by_id_and_name(console: Console) -> None:
    page = console.open("/w/default/state?vendor=serpwow&kind=batch")
    page.get_by_role("searchbox", name="Search ids and names").fill("Under")
    expect(console.rows()).to_have_count(1)
    page.get_by_role("searchbox", name="Search ids and names").fill("nobody")
    expect(page.get_by_text("Nothing is called so")).to_be_visible()


def test_a_trial_shows_what_would_happen_and_nothing_happens(console: Console) -> None:
    page = console.open(JOB_IN_PROGRESS)
    page.get_by_role("button", name="cancel", exact=True).click()
    page.get_by_role("button", name="Try", exact=True).click()
    panel = page.get_by_role("complementary", name="Resource")
    expect(panel).to_contain_text("It would be answered 200")
    expect(panel).to_contain_text("in_progress → cancelling")
    expect(panel).to_contain_text("cancelling → canceled after stripe.drain")
    expect(panel).to_contain_text("Nothing of this has happened.")
    assert console.entries() == []


def test_a_request_that_is_sent_is_answered_and_explained(console: Console) -> None:
    page = console.open(QUEUED_BATCH)
    page.get_by_role("button", name="stop", exact=True).click()
    page.get_by_role("button", name="Send", exact=True).click()
    panel = page.get_by_role("complementary", name="Resource")
    expect(panel).to_contain_text("It was answered 200")
    expect(panel).to_contain_text("credits_used: 230 → 30 (-200)")
    expect(panel).to_contain_text("A queued batch can be stopped, and the credits allocated for its run come back")
    panel.get_by_role("link", name="Entry 1 of the journal").click()
    expect(page.get_by_role("complementary", name="Entry")).to_contain_text("serpwow.batches.stop")
    assert [it["answer"] for it in console.entries()] == ["stopped"]


def test_a_credential_is_neither_in_the_address_nor_on_the_page(console: Console) -> None:
    page = console.open(QUEUED_BATCH)
    page.get_by_role("button", name="stop", exact=True).click()
    key = console.ask("GET", "/worlds/default")["credentials"]["serpwow"]["api_key"]
    expect(page.get_by_label("Path and query")).to_have_value(f"/live/batches/{QUEUED}/stop?api_key={{serpwow.api_key}}")
    assert key not in page.url
    assert key not in page.content()


def test_a_request_to_any_operation_is_written_and_sent(console: Console) -> None:
    page = console.open("/w/default/send")
    page.get_by_role("combobox", name="Operation").select_option("serpwow.account.get")
    expect(page.get_by_label("Path and query")).to_have_value("/live/account?api_key={serpwow.api_key}")
    page.get_by_role("button", name="Send", exact=True).click()
    expect(page.get_by_text("credits_remaining").first).to_be_visible()
    assert console.place == "/w/default/send?operation=serpwow.account.get"


def test_what_is_seen_in_the_past_stays_as_it_was(console: Console) -> None:
    console.call(CANCEL)
    page = console.open(f"{JOB_IN_PROGRESS}&at=beginning")
    panel = page.get_by_role("complementary", name="Resource")
    expect(panel).to_contain_text("in_progress since")
    page.get_by_role("button", name="Return to now").click()
    expect(panel).to_contain_text("cancelling since")
    assert f"id={JOB}" in console.place


def test_a_token_of_another_world_is_asked_for_and_sent_by_its_name(console: Console) -> None:
    console.ask("POST", "/worlds", {"id": "other", "scenario": {"given": {"6dot50": {"batches": [{"id": BATCH}]}}}})
    page = console.open(f"/w/other/send?operation=6dot50.batches.get&id={BATCH}")
    page.get_by_role("button", name="Send", exact=True).click()
    expect(page.get_by_text("It was answered 401")).to_be_visible()
    page.get_by_role("button", name="Get a token").click()
    expect(page.get_by_label("Headers")).to_have_value("Authorization: Bearer {entry/2/token}\n")
    page.get_by_role("button", name="Try", exact=True).click()
    expect(page.get_by_text("It would be answered 200")).to_be_visible()
    page.get_by_role("button", name="Send", exact=True).click()
    expect(page.get_by_text("It was answered 200")).to_be_visible()
    assert [it["status"] for it in console.entries("other")] == [401, 200, 200]
