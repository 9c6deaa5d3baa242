"""Faults laid by a form, in force, and lifted; an answer that is lost on purpose."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.console.browser import Console
from tests.console.places import JOB_IN_PROGRESS


def test_the_form_offers_only_what_means_something_there(console: Console) -> None:
    page = console.open("/w/default/faults")
    page.get_by_role("combobox", name="Where", exact=True).select_option("mid-body")
    offered = page.get_by_role("combobox", name="Do", exact=True)
    expect(offered.locator("option[value=status]")).to_have_count(0)
    expect(offered.locator("option[value=truncate]")).to_have_count(1)
    page.get_by_role("combobox", name="At", exact=True).select_option("stripe.webhook")
    expect(page.get_by_role("combobox", name="Where", exact=True)).to_have_count(0)
    expect(offered.locator("option[value=wrong-secret]")).to_have_count(1)


def test_an_answer_is_lost_on_purpose_and_the_call_took_effect(console: Console) -> None:
    page = console.open("/w/default/faults")
    page.get_by_role("combobox", name="At", exact=True).select_option("stripe.batch_jobs.cancel")
    page.get_by_role("button", name="Lay it").click()
    expect(page.get_by_role("row", name="fault-1")).to_contain_text("after-commit, drop, times 1")
    page = console.open(JOB_IN_PROGRESS)
    page.get_by_role("button", name="cancel", exact=True).click()
    page.get_by_role("button", name="Send", exact=True).click()
    panel = page.get_by_role("complementary", name="Resource")
    expect(panel).to_contain_text("No answer came")
    expect(panel).to_contain_text("drop after-commit")
    expect(panel).to_contain_text("in_progress → cancelling")
    entries = console.entries()
    assert [(it["delivered"], len(it["changes"])) for it in entries] == [(False, 1)]


def test_a_fault_says_how_many_calls_it_struck_and_is_lifted(console: Console) -> None:
    page = console.open("/w/default/faults?fault_at=serpwow.account.get&where=before-commit&do=status")
    page.get_by_role("textbox", name="Status", exact=True).fill("429")
    page.get_by_role("textbox", name="Times", exact=True).fill("")
    page.get_by_role("button", name="Lay it").click()
    row = page.get_by_role("row", name="fault-1")
    expect(row).to_contain_text("without end")
    assert page.request.get(f"{console.url}/live/account?api_key=demo").status == 429
    expect(row.get_by_role("cell").nth(3)).to_have_text("1")
    row.get_by_role("link", name="fault-1").click()
    expect(console.rows(name="429")).to_have_count(1)
    page.go_back()
    page.get_by_role("button", name="Lift fault-1").click()
    expect(page.get_by_text("There is none.")).to_be_visible()
    assert page.request.get(f"{console.url}/live/account?api_key=demo").status == 200


def test_what_the_server_refuses_is_told_in_words(console: Console) -> None:
    page = console.open("/w/default/faults")
    page.get_by_role("textbox", name="For", exact=True).fill("soon")
    page.get_by_role("button", name="Lay it").click()
    expect(page.locator("#said")).to_contain_text("soon")
    assert console.ask("GET", "/worlds/default/faults") == {"faults": []}
