"""A value that a step keeps stands in all steps behind it: in what they send, set, lay and expect."""

from __future__ import annotations

import pytest

from emulator.client.in_process import InProcessClient
from emulator.kernel.errors import BadInput
from emulator.scenario.loader import load_text
from emulator.scenario.player import play
from emulator.vendors import VENDORS

MADE = """title: A story
steps:
  - send: POST /live/batches?api_key={serpwow.api_key}
    json: {name: March, searches: [{q: pizza}]}
    capture: {made: batch.id}
"""
STOP = "  - send: GET /live/batches/{made}/stop?api_key={serpwow.api_key}\n"

PAY = """title: A story
steps:
  - send: POST /za/pay/authentication/getToken
    json: {key: "{6dot50.key}", secret: "{6dot50.secret}"}
    capture: {token: token}
  - send: POST /za/pay/batches
    headers: {Authorization: "Bearer {token}"}
    json: {name: March}
    capture: {made: id}
  - expect_state: {6dot50: {batches: [{id: "{made}", status: DRAFT}]}}
  - set: {6dot50: {batches: [{id: "{made}", deleted: true}]}}
  - send: POST /za/pay/batches/{made}/cancel
    headers: {Authorization: "Bearer {token}"}
    expect: {status: 404}
  - expect_state: {6dot50: {batches: [{id: "{made}", deleted: true}]}}
"""

JOB = """title: A story
given: {stripe: {event_destinations: [{id: ed_1, enabled_events: [v2.core.batch_job.ready_for_upload]}]}}
steps:
  - send: POST /v2/core/batch_jobs
    headers: {Authorization: "Bearer {stripe.api_key}", Stripe-Version: 2026-03-25.preview}
    json: {endpoint: {path: "/v1/customers/:customer", http_method: post}, skip_validation: false}
    capture: {made: id}
  - advance: 10s
"""
OWED = "  - expect_delivery: {event: v2.core.batch_job.ready_for_upload, %s}\n"


def differences_of(text: str) -> list[str]:
    return [str(it) for it in play(load_text(text, VENDORS, "s", "s.yaml"), InProcessClient()).differences]


@pytest.mark.parametrize(
    "steps",
    [
        '  - expect_state: {serpwow: {batches: [{id: "{made}", status: idle}]}}\n',
        f'  - set: {{serpwow: {{batches: [{{id: "{{made}}", status: queued}}]}}}}\n{STOP}    expect: {{status: 200}}\n',
        '  - fault: {at: serpwow.batches.stop, id: "{made}", where: before-commit, do: drop}\n'
        + STOP
        + "    get: {fails: true}\n",
        '  - reply: {at: serpwow.batches.stop, id: "{made}", status: 503}\n' + STOP + "    expect: {status: 503}\n",
        '  - reply: {at: serpwow.account.get, status: 200, json: {last: "{made}"}}\n'
        "  - send: GET /live/account?api_key=demo\n"
        '    expect: {json: {last: "{made}"}}\n',
    ],
)
def test_what_is_kept_stands_in_what_later_steps_set_lay_and_expect(steps: str) -> None:
    assert differences_of(MADE + steps) == []


def test_a_kept_id_stands_for_a_guid_in_a_state() -> None:
    assert differences_of(PAY) == []


@pytest.mark.parametrize("place", ["given:", "timeline: [{after: 1s, set:"])
def test_a_name_in_braces_is_no_guid_where_no_step_comes_before(place: str) -> None:
    end = "}]" if place.endswith("set:") else ""
    with pytest.raises(BadInput, match="is not of the form a GUID"):
        load_text(f'title: A story\n{place} {{6dot50: {{batches: [{{id: "{{made}}"}}]}}}}{end}\n', VENDORS, "s", "s.yaml")


@pytest.mark.parametrize(
    "step",
    [
        'expect_state: {serpwow: {batches: [{id: "{mad}"}]}}',
        'set: {serpwow: {batches: [{id: "{mad}", status: idle}]}}',
        'fault: {at: serpwow.batches.stop, id: "{mad}", where: before-commit, do: drop}',
        'expect_delivery: {event: batch_resultset_completed, id: "{mad}"}',
    ],
)
def test_a_name_that_no_step_keeps_is_a_mistake_wherever_it_stands_for_a_value(step: str) -> None:
    with pytest.raises(BadInput, match="no step before this one keeps 'mad'; did you mean 'made'"):
        load_text(f"{MADE}  - {step}\n", VENDORS, "s", "s.yaml")


def test_a_text_with_braces_in_it_is_the_clients_own() -> None:
    name = '"Batch {n} of {\\"a\\": 1}"'
    steps = f"  - set: {{serpwow: {{batches: [{{id: B1, name: {name}}}]}}}}\n"
    assert differences_of(f"{MADE}{steps}  - see: {{serpwow: {{batches: [{{id: B1, name: {name}}}]}}}}\n") == []


@pytest.mark.parametrize(
    "words", ['id: "{made}"', "id: ed_1", "id: batchv2_other, times: 0", 'id: "{made}", status: collected']
)
def test_a_delivery_is_expected_of_one_job_or_destination(words: str) -> None:
    assert differences_of(JOB + OWED % words) == []


def test_a_delivery_of_another_job_is_not_the_one_that_is_expected() -> None:
    (difference,) = differences_of(JOB + OWED % "id: batchv2_other")
    assert "was to be received once, and was never" in difference
    assert " of batchv2_" in difference.partition("Deliveries: ")[2]
