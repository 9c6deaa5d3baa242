"""What a step expects of a reply: one status of several, a class of them, and a header that is not there."""

from __future__ import annotations

import pytest

from emulator.client.in_process import InProcessClient
from emulator.kernel.errors import BadInput
from emulator.scenario.loader import load_text
from emulator.scenario.player import play
from emulator.vendors import VENDORS

STORY = """title: A story
replies: [{{at: serpwow.account.get, status: 429, headers: {{Retry-After: "5"}}, text: Busy}}]
steps:
  - send: GET /live/account?api_key=demo
    expect: {}
"""


@pytest.mark.parametrize(
    ("expected", "difference"),
    [
        ("{status: [200, 429]}", None),
        ("{status: 4xx}", None),
        ("{status: [200, 4xx]}", None),
        ("{status: [200, 5xx]}", "the status is 429, not 200 or 5xx; the body is 'Busy'"),
        ("{status: 2xx}", "the status is 429, not 2xx; the body is 'Busy'"),
        ("{headers: {X-Other: null}}", None),
        ("{headers: {retry-after: null}}", "the header retry-after is '5', and should not be there"),
    ],
)
def test_a_reply_may_have_one_of_several_statuses_and_be_without_a_header(expected: str, difference: str | None) -> None:
    scenario = load_text(STORY.format(expected), VENDORS, "s", "s.yaml")
    assert [it.message for it in play(scenario, InProcessClient()).differences] == ([difference] if difference else [])


@pytest.mark.parametrize("status", ["[]", "6xx", "[200, often]"])
def test_a_status_that_no_reply_can_have_is_refused(status: str) -> None:
    with pytest.raises(BadInput, match=r"s\.yaml:5:"):
        load_text(STORY.format(f"{{status: {status}}}"), VENDORS, "s", "s.yaml")
