"""A file of traffic becomes a scenario: whose each request is, what there was before it, and what is left out."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.cli.main import main
from emulator.kernel.errors import BadInput
from emulator.recording.har import MAX_CALLS
from emulator.recording.traffic import record_har
from emulator.scenario.loader import load_text
from emulator.scenario.strict_yaml import parse
from emulator.vendors import VENDORS
from tests.support.commands import Done, invoke
from tests.support.traffic import entry, har

ACCOUNT = "https://api.serpwow.com/live/account?api_key=DEMO"
BATCHES = "https://api.serpwow.com/live/batches"
PAY = "https://api.6dot50.com/za/pay"
ACCOUNT_ID = "f945d71c-b00f-4e77-8175-253093157a2f"
WORLD = "http://localhost:8080/_emulator/worlds/default"
JOBS = "https://api.stripe.com/v2/core/batch_jobs"
STRIPE = {"Authorization": "Bearer sk_test_abc", "Stripe-Version": "2026-03-25.preview"}
BATCH = {
    "id": "2A6F94BB",
    "name": "March",
    "status": "queued",
    "searches_total_count": 3,
    "created_at": "2026-03-01T00:00:00.000Z",
}
SHOWN = {"request_info": {"success": True}, "batch": BATCH}


def recorded(*entries: Any, only: frozenset[str] = frozenset()) -> dict[str, Any]:
    """Return the scenario of some entries as a value; it is one without mistakes."""
    text = record_har(har(*entries), VENDORS, only).recording.text
    load_text(text, VENDORS, "recording", "recording")
    value: dict[str, Any] = parse(text).value
    return value


def sent(*entries: Any, only: frozenset[str] = frozenset()) -> list[str]:
    return [step["send"] for step in recorded(*entries, only=only)["steps"] if "send" in step]


@pytest.mark.parametrize(
    ("url", "target"),
    [
        (ACCOUNT, "/live/account?api_key={serpwow.api_key}"),
        ("https://proxy.example.com/live/account?api_key=DEMO", "/live/account?api_key={serpwow.api_key}"),
        ("http://127.0.0.1:8080/serpwow/live/account?api_key=DEMO", "/serpwow/live/account?api_key={serpwow.api_key}"),
        ("https://api.6dot50.com/za/pay/accounts", "/za/pay/accounts"),
        ("https://api.6dot50.com/batches", "/batches"),
        ("http://localhost:8080/batches", "/batches"),
        ("https://elsewhere.example/v2/core/batch_jobs/batchv2_1", "/v2/core/batch_jobs/batchv2_1"),
        ("https://me:S3cret@api.serpwow.com/live/account?api_key=DEMO", "/live/account?api_key={serpwow.api_key}"),
    ],
)
def test_a_request_is_a_vendors_by_its_host_and_its_path(url: str, target: str) -> None:
    assert sent(entry("GET", url)) == [f"GET {target}"]


@pytest.mark.parametrize(
    "url",
    [
        "https://shop.example.com/batches",
        "https://shop.example.com/live/stream",
        "https://shop.example.com/",
        "data:text/plain,hello",
        "https://[half/live/account",
        "",
    ],
)
def test_what_is_no_vendors_is_left_out_and_counted_by_its_host(url: str) -> None:
    recording, others, _ = record_har(har(entry("GET", ACCOUNT), entry("GET", url), entry("GET", url)), VENDORS)
    assert [*others.values()] == [2]
    assert recording.text.count("send:") == 1


def test_no_user_of_a_url_is_shown_with_the_host_of_others() -> None:
    others = record_har(har(entry("GET", ACCOUNT), entry("GET", "https://me:S3c@ret@shop.example.com:81/")), VENDORS).others
    assert [*others] == ["shop.example.com:81"]


def test_a_vendor_that_is_named_has_its_paths_on_every_host() -> None:
    entries = [entry("GET", "https://shop.example.com/batches"), entry("GET", ACCOUNT)]
    assert sent(*entries, only=frozenset({"6dot50"})) == ["GET /batches"]


def test_a_link_that_an_answer_gave_is_followed_wherever_it_leads() -> None:
    link = "https://files.example.com/upload/abc?signature=5e_cR_3T"
    job = {
        "id": "batchv2_Made1",
        "status": "ready_for_upload",
        "status_details": {"ready_for_upload": {"upload_url": {"url": link}}},
    }
    create = entry("POST", JOBS, reply=job, headers={**STRIPE, "Content-Type": "application/json"}, body='{"metadata": {}}')
    steps = recorded(create, entry("PUT", link, body='{"id": "a"}'), entry("GET", f"{JOBS}/batchv2_Made1", headers=STRIPE))[
        "steps"
    ]
    assert steps[0]["keep"] == {"upload_url": "status_details.ready_for_upload.upload_url.url", "batch_job": "id"}
    assert [step["send"] for step in steps[1:]] == ["PUT {upload_url}", "GET /v2/core/batch_jobs/{batch_job}"]


def test_requests_stand_in_the_order_in_which_they_began() -> None:
    later = entry("GET", f"{BATCHES}?page=2", started="2026-03-09T20:55:32.000Z")
    assert sent(later, entry("GET", f"{BATCHES}?page=1")) == ["GET /live/batches?page=1", "GET /live/batches?page=2"]


def test_time_is_that_of_the_vendors_clock_or_else_of_the_clients() -> None:
    dates = ["Mon, 09 Mar 2026 20:55:31 GMT", "Mon, 09 Mar 2026 20:55:41 GMT", None, "no date"]
    starts = ["2026-03-09T21:00:00Z", "2026-03-09T21:00:01Z", "2026-03-09T21:00:02Z", "2026-03-09T20:00:03Z"]
    recording = recorded(*(entry("GET", ACCOUNT, date=date, started=it) for date, it in zip(dates, starts, strict=True)))
    assert recording["clock"] == {"start": "2026-03-09T20:00:03Z"}
    assert [step["advance"] for step in recording["steps"] if "advance" in step] == ["55m28s", "10s", "4m21s"]


def test_an_archive_without_any_time_stands_still() -> None:
    recording = recorded(entry("GET", ACCOUNT, date=None, started=None), entry("GET", ACCOUNT, date=None, started="yesterday"))
    assert recording["clock"] == {"start": "2026-01-01T00:00:00Z"}
    assert len(recording["steps"]) == 2


def test_what_was_done_to_a_world_by_hand_is_a_step() -> None:
    world = WORLD
    state = {"serpwow": {"account": {"credits_limit": 200}}}
    fault = {"at": "serpwow", "where": "before-auth", "do": "drop", "times": 1}
    steps = recorded(
        entry("GET", ACCOUNT),
        entry("POST", f"{world}/clock/advance", reply={"now": "2026-03-09T20:55:41.5Z", "fired": []}, body='{"by": "10.5s"}'),
        entry("PATCH", f"{world}/state", reply={"differences": [], "rest": 0}, body=json.dumps(state)),
        entry("PATCH", f"{world}/state", 422, body="{}"),
        entry("POST", f"{world}/faults", 201, body=json.dumps(fault)),
        entry("GET", f"{world}/journal"),
    )["steps"]
    assert steps[1:] == [{"advance": "10.5s"}, {"set": state}, {"fault": fault}]


class TestBefore:
    """What there was before the traffic."""

    def test_the_first_look_shows_what_was_there(self) -> None:
        assert recorded(entry("GET", f"{BATCHES}/2A6F94BB", reply=SHOWN))["given"]["serpwow"]["batches"] == [
            {"id": "2A6F94BB", "name": "March", "status": "queued", "searches": 3, "created_at": "2026-03-01T00:00:00.000Z"}
        ]

    def test_a_list_shows_each_of_its_things(self) -> None:
        reply = {"request_info": {"success": True}, "batches": [BATCH, {**BATCH, "id": "BBBBBBBB", "status": "idle"}]}
        found = recorded(entry("GET", BATCHES, reply=reply))["given"]["serpwow"]["batches"]
        assert [(it["id"], it["status"]) for it in found] == [("2A6F94BB", "queued"), ("BBBBBBBB", "idle")]

    def test_a_part_of_which_there_is_one_is_shown_too(self) -> None:
        reply = {
            "request_info": {"success": True},
            "account_info": {"api_key": "DEMO", "credits_limit": 300, "credits_used": 20},
        }
        assert recorded(entry("GET", ACCOUNT, reply=reply))["given"] == {
            "serpwow": {"account": {"credits_limit": 300, "credits_used": 20}}
        }

    def test_a_token_uses_nothing_of_what_there_is(self) -> None:
        token = entry("POST", f"{PAY}/authentication/getToken", reply={"success": True, "token": "t-1"}, body="{}")
        accounts = [{"id": ACCOUNT_ID, "name": "Acme", "balance": 1000}]
        shown = entry("GET", f"{PAY}/accounts", reply=accounts, headers={"Authorization": "Bearer t-1"})
        found = recorded(token, shown)["given"]["6dot50"]["accounts"]
        assert found == [{"id": ACCOUNT_ID, "name": "Acme", "balance": 1000}]

    def test_a_list_of_texts_has_those_that_answers_show_to_be_in_it_at_first(self) -> None:
        def look(*are_members: bool) -> Any:
            payments = [{"msisdn": f"2782000000{n}", "isMember": it} for n, it in enumerate(are_members)]
            return entry("GET", f"{PAY}/batches/{ACCOUNT_ID}/payments", reply={"payments": payments})

        assert recorded(look(True, False), look(True, True))["given"]["6dot50"]["members"] == ["27820000000"]

    def test_what_the_traffic_made_was_not_there(self) -> None:
        create = entry("POST", BATCHES, reply=SHOWN, headers={"Content-Type": "application/json"}, body='{"name": "March"}')
        assert "given" not in recorded(create, entry("GET", f"{BATCHES}/2A6F94BB", reply=SHOWN))

    def test_what_was_used_before_it_is_shown_keeps_no_status(self) -> None:
        stopped = entry("GET", f"{BATCHES}/2A6F94BB/stop", reply={"request_info": {"success": True}})
        shown = entry("GET", f"{BATCHES}/2A6F94BB", reply=SHOWN)
        assert recorded(stopped, shown)["given"]["serpwow"]["batches"] == [{"id": "2A6F94BB", "name": "March", "searches": 3}]

    def test_what_cannot_be_is_left_out(self) -> None:
        impossible = {**BATCH, "priority": "later", "created_at": "2030-01-01T00:00:00.000Z"}
        shown = entry("GET", f"{BATCHES}/2A6F94BB", reply={"request_info": {"success": True}, "batch": impossible})
        assert recorded(shown)["given"]["serpwow"]["batches"] == [
            {"id": "2A6F94BB", "name": "March", "status": "queued", "searches": 3}
        ]

    def test_a_token_that_no_answer_gave_is_one_that_the_world_knows(self) -> None:
        headers = {"Authorization": "Bearer eyJhbGciOiJIUzI1NiJ9.eyJpZCI6IjEifQ.c2VjcmV0"}
        recording = recorded(entry("GET", "https://api.6dot50.com/za/pay/accounts", reply=[], headers=headers))
        assert recording["given"]["6dot50"]["tokens"] == [{"token": "recorded1"}]
        assert recording["steps"][0]["headers"] == {"Authorization": "Bearer recorded1"}

    def test_no_secret_of_an_answer_is_given(self) -> None:
        destination = {
            "id": "ed_test_1",
            "name": "Mine",
            "signing_secret": "whsec_5e_cR_3T",
            "description": "sk_live_5ecR3Tive",
        }
        reply = {"data": [destination]}
        text = record_har(
            har(entry("GET", "https://api.stripe.com/v2/core/event_destinations", reply=reply)), VENDORS
        ).recording.text
        assert "Mine" in text
        assert "5e" not in text


@pytest.mark.parametrize(
    ("made", "reason"),
    [
        (entry("GET", ACCOUNT, 0), "no answer to it is known"),
        (entry("GET", ACCOUNT, 304), "its answer was kept by the client"),
        (entry("GET", ACCOUNT, 101), "no answer has the status 101"),
        (entry("BREW", ACCOUNT), "'BREW' is no method of HTTP"),
        (entry("POST", BATCHES, headers={"Content-Length": "120"}), "its body is not known"),
    ],
)
def test_a_request_that_no_step_can_send_is_named(made: Any, reason: str) -> None:
    recording = record_har(har(entry("GET", ACCOUNT), made), VENDORS).recording
    assert len(recording.left_out) == 1
    assert reason in recording.left_out[0]
    assert f"  # {recording.left_out[0]}\n" in recording.text


def test_a_form_that_is_kept_as_parameters_is_sent_again() -> None:
    made = entry("POST", BATCHES, headers={"Content-Type": "application/x-www-form-urlencoded"})
    made["request"]["postData"] = {
        "mimeType": "application/x-www-form-urlencoded; charset=utf-8",
        "params": [{"name": "name", "value": "March & April"}, {"name": "enabled"}],
    }
    assert recorded(made)["steps"][0]["body"] == "name=March+%26+April&enabled="


def test_bodies_in_base64_are_read() -> None:
    made = entry("PUT", f"{BATCHES}/2A6F94BB", headers={"Content-Type": "application/json"})
    made["request"]["postData"] = {"encoding": "base64", "text": "eyJuYW1lIjogIkEifQ=="}
    made["response"]["content"] = {"encoding": "base64", "text": "eyJyZXF1ZXN0X2luZm8iOiB7InN1Y2Nlc3MiOiB0cnVlfX0="}
    (step,) = recorded(made)["steps"]
    assert step["json"] == {"name": "A"}
    assert step["get"] == {"status": 200, "json": {"request_info": {"success": True}}}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "not JSON, which a HAR file is"),
        (b"title: a scenario", "not JSON, which a HAR file is"),
        (b"[" * 100_000, "not JSON, which a HAR file is"),
        (b"[]", "expected an object, not a list"),
        (b"{}", "'log' is missing"),
        (b'{"log": {"entries": {}}}', "/log/entries: expected a list, not an object"),
        (b'{"log": {"entries": [1]}}', "/log/entries/0: expected an object, not 1"),
        (b'{"log": {"entries": [{}]}}', "/log/entries/0: 'request' is missing"),
        (har({"request": {"method": "GET", "url": 7}}), "/log/entries/0/request/url: expected text, not 7"),
        (har({"request": {"method": "GET", "url": ACCOUNT, "headers": []}}), "/log/entries/0: 'response' is missing"),
        (
            har(entry("GET", ACCOUNT) | {"response": {"status": "200"}}),
            "/log/entries/0/response/status: expected a whole number, not '200'",
        ),
        (
            har({"request": {"method": "GET", "url": ACCOUNT, "headers": [{"name": "x"}]}, "response": {"status": 200}}),
            "/log/entries/0/request/headers/0: 'value' is missing",
        ),
        *(
            (
                har(entry("POST", f"{WORLD}/clock/advance", reply=reply)),
                f"/log/entries/0/response/content: its 'now' is none: {why}",
            )
            for reply, why in (
                ({}, "'None' is not an instant"),
                ({"now": "soon"}, "'soon' is not an instant"),
                ({"now": "9999-01-01T00:00:00Z"}, "'9999-01-01T00:00:00Z' lies beyond the end of time"),
            )
        ),
        (har(*[entry("GET", ACCOUNT)] * (MAX_CALLS + 1)), f"more than {MAX_CALLS} requests of vendors"),
        (har(), "none of its requests is one of serpwow, stripe, 6dot50"),
        (har(entry("GET", "https://example.com/")), "none of its requests is one of serpwow, stripe, 6dot50"),
    ],
)
def test_what_is_no_such_file_is_refused_with_its_place(content: bytes, message: str) -> None:
    with pytest.raises(BadInput) as refused:
        record_har(content, VENDORS)
    assert message in str(refused.value)


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.text(max_size=5)
    | st.sampled_from([ACCOUNT, JOBS, "GET", "base64", "application/json"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["text", "encoding", "params", "name", "value", "size"]), inner)
    ),
    max_leaves=6,
)
LIKE_ENTRIES = st.fixed_dictionaries(
    {
        "request": st.fixed_dictionaries(
            {
                "method": st.sampled_from(["GET", "POST"]) | JSON,
                "url": st.sampled_from([ACCOUNT, JOBS, BATCHES]) | JSON,
                "headers": st.just([]) | JSON,
            },
            optional={"postData": JSON},
        ),
        "response": st.fixed_dictionaries({"status": st.integers(-1, 700) | JSON}, optional={"content": JSON, "headers": JSON}),
    },
    optional={"startedDateTime": JSON},
)


@given(st.lists(LIKE_ENTRIES | JSON, max_size=3))
def test_whatever_an_archive_holds_it_is_read_or_refused(entries: list[Any]) -> None:
    try:
        recording = record_har(har(*entries), VENDORS).recording
    except BadInput:
        return
    load_text(recording.text, VENDORS, "recording", "recording")


class TestCommand:
    """`batch-emulator record --har`."""

    def run(self, path: Path, *entries: Any, arguments: tuple[str, ...] = ()) -> Done:
        path.write_bytes(har(*entries))
        return invoke(main, ["record", "--har", str(path), *arguments])

    def test_it_prints_the_scenario_and_beside_it_what_is_left_out(self, tmp_path: Path) -> None:
        others = [entry("GET", f"https://{host}/") for host in ("a.example", "b.example", "a.example")]
        done = self.run(
            tmp_path / "a.har",
            entry("GET", ACCOUNT, reply={"request_info": {"success": True}}),
            entry("GET", ACCOUNT, 0),
            *others,
        )
        assert done.exit_code == 0
        assert parse(done.stdout).value["title"] == "A client calls account.get"
        assert done.stderr.splitlines() == [
            "left out: GET https://api.serpwow.com/live/account, since no answer to it is known; where that was a failure, lay a fault".replace(
                "https://api.serpwow.com", ""
            ).replace("account,", "account?api_key=…,"),
            "left out: 3 requests to other hosts (a.example 2, b.example 1)",
            "it plays as it stands",
        ]

    def test_one_that_does_not_play_yet_says_what_to_fill_in(self, tmp_path: Path) -> None:
        done = self.run(tmp_path / "a.har", entry("GET", f"{BATCHES}/2A6F94BB/stop", reply={"request_info": {"success": True}}))
        assert "# Traffic does not tell what there was before it" in done.stdout
        assert "differences when it is played, which `batch-emulator play` names" in done.stderr

    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            (["default", "--har", "x.har"], "name a world, or a file with --har, not both"),
            (["--vendor", "stripe"], "--vendor belongs to --har"),
            (["--har", "x.har", "--vendor", "strype"], "no vendor is called 'strype'; did you mean 'stripe'?"),
            (["--har", "nowhere.har"], "nowhere.har: cannot be read: No such file or directory"),
            (["--har", "."], ".: is no regular file: name one that ends"),
        ],
    )
    def test_what_cannot_be_is_refused(self, arguments: list[str], message: str) -> None:
        done = invoke(main, ["record", *arguments])
        assert done.exit_code != 0
        assert message in done.stderr

    def test_a_file_that_is_too_large_is_not_read(self, tmp_path: Path) -> None:
        path = tmp_path / "large.har"
        with path.open("wb") as file:
            file.truncate(64_000_001)
        done = invoke(main, ["record", "--har", str(path)])
        assert f"{path}: larger than 64000000 bytes" in done.stderr

    def test_a_mistake_is_told_with_its_file_and_place(self, tmp_path: Path) -> None:
        done = self.run(tmp_path / "a.har", {})
        assert f"{tmp_path / 'a.har'}:/log/entries/0: 'request' is missing" in done.stderr
