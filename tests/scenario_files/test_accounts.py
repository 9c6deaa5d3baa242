"""Several accounts of a vendor in a scenario: what is refused with its place, and what comes of the rest."""

from __future__ import annotations

from typing import Any

import pytest

from emulator.client.in_process import InProcessClient
from emulator.kernel.errors import BadInput
from emulator.scenario.loader import load_text
from emulator.scenario.player import play
from emulator.vendors import VENDORS
from tests.support.loading import load_value

GIVEN = """title: A story
given:
  serpwow:
    accounts: [{id: alpha, credentials: [key-a]}, {id: beta, credentials: [key-b]}]
    batches: [{id: B1, account: beta}]
"""
LINE = GIVEN.count("\n") + 1

ONE = "title: A story\ngiven: {serpwow: {batches: [{id: B1}]}}\n"


def problems_in(text: str) -> list[str]:
    with pytest.raises(BadInput) as refused:
        load_text(text, VENDORS, "story", "story.yaml")
    return refused.value.lines()


def serpwow(part: str) -> str:
    return f"title: A story\ngiven:\n  serpwow: {{{part}}}\n"


@pytest.mark.parametrize(
    ("text", "place", "message"),
    [
        (
            serpwow("accounts: [{id: alpha}, {id: beta}], batches: [{id: B, account: btea}]"),
            "3:77",
            "no account is called 'btea'",
        ),
        (serpwow("accounts: [{id: alpha}], batches: [{id: B, account: aplha}]"), "3:65", "did you mean 'alpha'?"),
        (serpwow("accounts: [{id: alpha}], destinations: [{id: D, account: beta}]"), "3:70", "known: alpha"),
        (serpwow("accounts: [{id: alpha}], error_logs: [{account: beta}]"), "3:61", "known: alpha"),
        (serpwow("accounts: [{id: alpha}], batches: [{id: B, owner: stranger}]"), "3:63", "no account is called 'stranger'"),
        (
            serpwow("accounts: [{id: alpha}], batches: [{owner: alpha, account: alpha}]"),
            "3:56",
            "say the same: leave one of them",
        ),
        (serpwow("accounts: [{id: alpha}], account: {name: Jane}"), "3:47", "make it an item of 'accounts'"),
        (serpwow("accounts: [{id: alpha}, {id: alpha}]"), "3:42", "the id 'alpha' is given twice"),
        (serpwow("accounts: [{name: Jane}]"), "3:24", "'id' is missing"),
        (serpwow("accounts: []"), "3:23", "is empty, and cannot be"),
        (serpwow("accounts: [{id: a/b}]"), "3:29", "cannot stand in a segment of a path"),
        (serpwow("accounts: [{id: a, credentials: [{key: x}]}]"), "3:46", "expected text"),
        (serpwow("batches: [{id: B, account: beta}]"), "3:40", "this world has one account: give others as 'accounts'"),
        (
            serpwow("accounts: [{id: a, credits_limit: 5, credits_used: 6}]"),
            "3:47",
            "credits_limit is 5, but 6 credits are used",
        ),
        (serpwow("accounts: [{id: a, timezone: Moon}]"), "3:42", "'Moon' is not a time zone"),
        (serpwow("accounts: [{id: a, credentials: [k]}, {id: b, credentials: [k]}]"), "3:73", "is that of a too"),
        (GIVEN + "credentials: {serpwow: [key-b]}", "4:76", "acts for the first account, alpha, and this"),
        (GIVEN + "timeline: [{after: 1s, set: {serpwow: {accounts: [{id: betta}]}}}]", f"{LINE}:56", "did you mean 'beta'?"),
        (GIVEN + "timeline: [{after: 1s, set: {serpwow: {batches: [{id: B1, account: z}]}}}]", f"{LINE}:68", "called 'z'"),
        (
            GIVEN + "timeline: [{after: 1s, set: {serpwow: {account: {name: Jane}}}}]",
            f"{LINE}:49",
            "has the accounts alpha, beta",
        ),
        (GIVEN + "timeline: [{after: 1s, revoke: {serpwow: [key-z]}}]", f"{LINE}:43", "so there is nothing to revoke"),
        (
            GIVEN + "timeline: [{after: 1s, revoke: {serpwow: ['{serpwow.z.api_key}']}}]",
            f"{LINE}:43",
            "'{serpwow.beta.api_key}'",
        ),
        (GIVEN + "steps: [{set: {serpwow: {accounts: [{id: beta, credentials: [x]}]}}}]", f"{LINE}:61", "that it began with"),
        (GIVEN + "steps: [{see: {serpwow: {accounts: [{id: z}]}}}]", f"{LINE}:42", "no account is called 'z'"),
        (GIVEN + "steps: [{send: 'GET /live/account?api_key={serpwow.bta.api_key}'}]", f"{LINE}:16", "'serpwow.beta.api_key'"),
        (ONE + "steps: [{set: {serpwow: {accounts: [{id: z}]}}}]", "3:36", "this world has one account, which is 'account'"),
        (
            "title: A story\ngiven: {stripe: {accounts: [{id: a}, {id: b, platform: c}]}}",
            "2:56",
            "no other account is called 'c'",
        ),
        (
            "title: A story\ngiven: {stripe: {accounts: [{id: a, platform: a}, {id: b}]}}",
            "2:47",
            "no other account is called 'a'",
        ),
        (
            "title: A story\ngiven: {stripe: {accounts: [{id: a}], failing: [{share: 1%}]}}",
            "2:48",
            "each account of this world has",
        ),
    ],
)
def test_what_contradicts_the_accounts_is_refused_with_its_place(text: str, place: str, message: str) -> None:
    told = problems_in(text)
    assert [line for line in told if line.startswith(f"story.yaml:{place}: ") and message in line], told


def test_a_credential_at_the_top_that_is_the_first_accounts_is_no_mistake() -> None:
    load_text(GIVEN + "credentials: {serpwow: [key-a, another]}", VENDORS, "story", "story.yaml")


def steps(*said: dict[str, Any]) -> dict[str, Any]:
    accounts = [{"id": "a", "credentials": ["key-a"]}, {"id": "b", "credentials": ["key-b"]}]
    return {"given": {"serpwow": {"accounts": accounts}}, "steps": [*said]}


def account_of(key: str, status: int = 200) -> dict[str, Any]:
    return {"send": f"GET /live/account?api_key={key}", "get": {"status": status}}


@pytest.mark.parametrize(
    ("key", "status"),
    [("key-a", 200), ("{serpwow.api_key}", 200), ("{serpwow.a.api_key}", 200), ("{serpwow.b.api_key}", 200), ("demo", 401)],
)
def test_a_world_whose_accounts_list_credentials_takes_these_and_its_own(key: str, status: int) -> None:
    scenario = load_value({"title": "A story", **steps(account_of(key, status))}, VENDORS)
    assert play(scenario, InProcessClient()).differences == []
