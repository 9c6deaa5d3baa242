"""A step revokes credentials from there on, as an event of the timeline does."""

from __future__ import annotations

import pytest

from emulator.client.in_process import InProcessClient
from emulator.kernel.errors import BadInput
from emulator.scenario.loader import load_text
from emulator.scenario.player import play
from emulator.vendors import VENDORS

LOOK = "  - send: GET /live/account?api_key={}\n    expect: {{status: {}}}\n"
CASES = [
    ("", '"{serpwow.api_key}"', "{serpwow.api_key}", "other"),
    ("credentials: {serpwow: [old, new]}\n", "old", "old", "new"),
    (
        "given: {serpwow: {accounts: [{id: a}, {id: b}]}}\n",
        '"{serpwow.b.api_key}"',
        "{serpwow.b.api_key}",
        "{serpwow.a.api_key}",
    ),
]


@pytest.mark.parametrize(("before", "revoked", "lost", "good"), CASES)
def test_a_step_revokes_a_credential_between_two_calls_of_an_instant(before: str, revoked: str, lost: str, good: str) -> None:
    steps = f"{LOOK.format(lost, 200)}  - revoke: {{serpwow: [{revoked}]}}\n{LOOK.format(lost, 401)}{LOOK.format(good, 200)}"
    scenario = load_text(f"title: A story\n{before}steps:\n{steps}", VENDORS, "s", "s.yaml")
    assert play(scenario, InProcessClient()).differences == []


@pytest.mark.parametrize(
    ("revoke", "problem"),
    [
        ("{serpwow: [odl]}", "'credentials' lists no such credential of serpwow, so there is nothing to revoke"),
        ("{serpwow: ['{serpwow.key}']}", "the world's own credential of serpwow is '{serpwow.api_key}'"),
        ("{serpwow: []}", "is empty, and cannot be"),
        ("{serpwow: [old], strip: [a]}", "unknown key 'strip'; did you mean 'stripe'"),
    ],
)
def test_a_step_that_can_revoke_nothing_is_refused(revoke: str, problem: str) -> None:
    text = f"title: A story\ncredentials: {{serpwow: [old]}}\nsteps:\n  - revoke: {revoke}\n"
    with pytest.raises(BadInput, match=problem):
        load_text(text, VENDORS, "s", "s.yaml")
