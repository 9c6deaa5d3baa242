"""A stranger with nothing but the page finds, from its first view on, the five things that it is for."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from playwright.sync_api import expect

from tests.console.browser import Console
from tests.console.places import JOB, QUEUED


def test_a_stranger_finds_the_refund_the_cancel_the_hour_the_lost_answer_and_a_test(console: Console, tmp_path: Path) -> None:
    page = console.page
    page.goto(console.url)
    if page.get_by_role("link", name="console").count():
        page.get_by_role("link", name="console").click()
    page.get_by_role("link", name="default", exact=True).click()

    page.get_by_role("link", name="queued 1").click()  # which batch got its refund, and why
    console.rows(name=QUEUED).click()
    page.get_by_role("button", name="stop", exact=True).click()
    page.get_by_role("button", name="Send", exact=True).click()
    panel = page.get_by_role("complementary", name="Resource")
    expect(panel).to_contain_text("credits_remaining: 14770 → 14970 (+200)")
    expect(panel).to_contain_text("the credits allocated for its run come back to the account")

    page.get_by_role("link", name="batch_jobs").click()  # what a cancel would do, without doing it
    page.get_by_role("link", name="in_progress 1").click()
    console.rows(name=JOB).click()
    page.get_by_role("button", name="cancel", exact=True).click()
    page.get_by_role("button", name="Try", exact=True).click()
    expect(panel).to_contain_text("It would be answered 200")
    expect(panel).to_contain_text("cancelling → canceled after stripe.drain")
    assert len(console.entries()) == 1

    page.get_by_role("link", name="Faults").click()  # a lost answer on purpose
    page.get_by_role("combobox", name="At", exact=True).select_option("stripe.batch_jobs.cancel")
    page.get_by_role("button", name="Lay it").click()
    page.get_by_role("link", name="State", exact=True).click()
    page.get_by_role("link", name="batch_jobs").click()
    console.rows(name=JOB).click()
    page.get_by_role("button", name="cancel", exact=True).click()
    page.get_by_role("button", name="Send", exact=True).click()
    expect(panel).to_contain_text("No answer came")

    panel.get_by_role("link", name="Entry 2 of the journal").click()  # a test of it that passes
    page.get_by_role("button", name="Copy as pytest").click()
    (tmp_path / "test_taken_away.py").write_text(page.get_by_role("dialog").get_by_role("textbox").input_value(), "utf-8")
    page.get_by_role("dialog").get_by_role("button", name="Close").click()
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", str(tmp_path)], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert "1 passed" in done.stdout, done.stdout

    page.get_by_role("button", name="Advance by 1h").click()  # the same world an hour later
    expect(page.get_by_role("region", name="Clock").get_by_role("time")).to_contain_text("21:55:31")
    page.get_by_role("link", name="State", exact=True).click()
    page.get_by_role("link", name="batch_jobs").click()
    expect(page.get_by_role("link", name="canceled 1")).to_be_visible()
