"""What a step sends, keeps and expects: no more than matters, and nothing that is made anew each time."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from emulator.kernel.errors import Conflict
from emulator.recording.credentials import Credentials
from emulator.recording.events import Call, Event, Passed
from emulator.recording.recorder import Recording, record
from emulator.scenario.strict_yaml import parse
from emulator.vendors import VENDORS
from tests.support.recordings import read

NOW = datetime(2026, 3, 9, 20, 55, 31, tzinfo=UTC)
JOBS = "/v2/core/batch_jobs"
JSON = ("content-type", "application/json")
JOB = "batchv2_Made1OfLetters"
GUID = "0d3b5f0e-3a52-4f43-9d4b-5b0e6a1f7c11"


def call(
    target: str = JOBS,
    reply: Any = None,
    *headers: tuple[str, str],
    method: str = "GET",
    body: Any = b"",
    status: int = 200,
    operation: str = "stripe.batch_jobs.retrieve",
    **more: Any,
) -> Call:
    vendor = VENDORS[operation.partition(".")[0]]
    sent = body if isinstance(body, bytes) else json.dumps(body).encode()
    heard = reply if isinstance(reply, bytes) else b"" if reply is None else json.dumps(reply).encode()
    return Call(NOW, vendor, operation, method, target, headers, sent, status, heard, **more)


def recorded(*events: Event, beginning: dict[str, Any] | None = None) -> Recording:
    nobody = Credentials({}, lambda _vendor, _credential: True, events)
    recording = record(beginning or {}, NOW, events, nobody)
    read(recording.text)
    return recording


def steps(*events: Event) -> list[Any]:
    found: list[Any] = parse(recorded(*events).text).value["steps"]
    return found


def expected(reply: Any, **more: Any) -> Any:
    return steps(call(reply=reply, **more))[0]["get"]


class TestSent:
    """What a step sends."""

    @pytest.mark.parametrize(
        ("body", "headers", "sent"),
        [
            (b'{"a": [1, 0.50, null]}', (JSON,), {"json": {"a": [1, 0.5, None]}}),
            (b'"text"', (JSON,), {"json": "text"}),
            (b"null", (JSON,), {"json": None}),
            (b'{"a": 1}', (), {"body": '{"a": 1}'}),
            (b'{"a": 1}', (("content-type", "text/plain"),), {"body": '{"a": 1}', "headers": {"Content-Type": "text/plain"}}),
            (
                b'{"a": 1}',
                (("content-type", "application/json; charset=utf-8"),),
                {"json": {"a": 1}, "headers": {"Content-Type": "application/json; charset=utf-8"}},
            ),
            (b'{"a": 1, "a": 2}', (JSON,), {"body": '{"a": 1, "a": 2}', "headers": {"Content-Type": "application/json"}}),
            (b'{"a": 1e3}', (JSON,), {"body": '{"a": 1e3}', "headers": {"Content-Type": "application/json"}}),
            (
                b'{"a": 12345678901234567890}',
                (JSON,),
                {"body": '{"a": 12345678901234567890}', "headers": {"Content-Type": "application/json"}},
            ),
            (b"[" * 40 + b"]" * 40, (JSON,), {"body": "[" * 40 + "]" * 40, "headers": {"Content-Type": "application/json"}}),
            (b"{half", (JSON,), {"body": "{half", "headers": {"Content-Type": "application/json"}}),
            ("Ünï\r\n\ttext".encode(), (), {"body": "Ünï\r\n\ttext"}),
            (b"a=1&b=%C3%BC&c", (("content-type", "application/x-www-form-urlencoded"),), {"body": "a=1&b=%C3%BC&c"}),
        ],
    )
    def test_a_body_is_sent_as_it_was(self, body: bytes, headers: Any, sent: dict[str, Any]) -> None:
        (step,) = steps(call(JOBS, None, *headers, method="POST", body=body))
        assert {name: step[name] for name in sent} == sent
        assert ("headers" in sent) or step.get("headers", {}) == {} or "form" in step["headers"]["Content-Type"]

    @pytest.mark.parametrize(
        ("body", "more", "reason"),
        [
            (b"\x1f\x8b\x08", {}, "its body of 3 bytes is no text"),
            (
                b"{",
                {"is_cut": True},
                "of its body only the first 1 bytes are known: EMULATOR_MAX_JOURNAL_BYTES (serve --max-journal-bytes)",
            ),
        ],
    )
    def test_a_body_that_cannot_be_sent_leaves_its_request_out(self, body: bytes, more: dict[str, Any], reason: str) -> None:
        recording = recorded(call(method="POST", body=body, **more))
        assert reason in recording.left_out[0]
        assert recording.text.endswith(f"  # {recording.left_out[0]}\n") or "steps:" not in recording.text

    @pytest.mark.parametrize(
        ("target", "sent"),
        [
            ("/v2/core/batch_jobs?a=1&b", "/v2/core/batch_jobs?a=1&b"),
            ("/v2/core/batch_jobs/%7Bid%7D?q=%7Bid%7D", "/v2/core/batch_jobs/%7Bid%7D?q=%7Bid%7D"),
            ("/v2/core/batch_jobs/{id}?q={id}", "/v2/core/batch_jobs/%7Bid%7D?q=%7Bid%7D"),
            ("/v2/core/batch_jobs?name=a+b%20c&x=%2F", "/v2/core/batch_jobs?name=a+b%20c&x=%2F"),
        ],
    )
    def test_a_target_is_sent_as_it_was(self, target: str, sent: str) -> None:
        assert steps(call(target))[0]["send"] == f"GET {sent}"

    def test_what_looks_like_a_parameter_is_sent_as_it_was(self) -> None:
        made = call(JOBS, {"message": "no ${x}"}, JSON, ("x-note", "${y}"), method="POST", body={"${a}": "$${b} ${c}"})
        recording = read(recorded(made).text)
        (step,) = recording.content["steps"]
        assert step["json"] == {"${a}": "$${b} ${c}"}
        assert step["get"]["json"] == {"message": "no ${x}"}

    def test_what_only_the_transport_needs_is_left_out(self) -> None:
        transport = {"host": "127.0.0.1:8080", "user-agent": "x", "accept": "*/*", "content-length": "0", "connection": "close"}
        client = {"x-stripe-client-user-agent": "{}", "traceparent": "00-1-2-01", "cookie": "a=b", "emulator-world": "w1"}
        headers = transport | client | {"stripe-version": "2026-03-25.preview", "idempotency-key": "mine", "x-other": "1"}
        assert steps(call(JOBS, None, *headers.items()))[0]["headers"] == {
            "Stripe-Version": "2026-03-25.preview",
            "Idempotency-Key": "mine",
            "X-Other": "1",
        }

    def test_of_a_header_that_came_twice_the_last_counts(self) -> None:
        twice = call(JOBS, None, ("stripe-version", "a"), ("stripe-version", "b"))
        assert steps(twice)[0]["headers"] == {"Stripe-Version": "b"}

    def test_keys_of_idempotency_that_a_program_made_are_numbered(self) -> None:
        keys = [GUID, f"stripe-node-retry-{GUID[:-1]}2", GUID, "mine"]
        made = [call(JOBS, None, ("idempotency-key", key), method="POST") for key in keys]
        assert [step["headers"]["Idempotency-Key"] for step in steps(*made)] == ["key-1", "key-2", "key-1", "mine"]

    def test_the_host_of_a_vendor_is_kept_where_the_path_is_anothers(self) -> None:
        host = ("host", "api.serpwow.com:443")
        assert steps(call("/account", None, host, operation="serpwow.astray"))[0]["headers"] == {"Host": "api.serpwow.com"}
        assert "headers" not in steps(call("/live/account", None, host, operation="serpwow.account.get"))[0]


class TestKept:
    """Values that answers made are kept by the names of what they are."""

    @pytest.mark.parametrize(
        ("operation", "reply", "value", "kept"),
        [
            ("stripe.batch_jobs.create", {"id": JOB, "object": "v2.core.batch_job"}, JOB, {"batch_job": "id"}),
            ("serpwow.batches.create", {"batch": {"id": "2A6F94BB"}}, "2A6F94BB", {"batch": "batch.id"}),
            (
                "serpwow.batches.list",
                {"batches": [{"id": "AAAAAAA1"}, {"id": "2A6F94BB"}]},
                "2A6F94BB",
                {"batch": "batches.1.id"},
            ),
            ("6dot50.batches.create", {"id": GUID}, GUID, {"batch": "id"}),
            ("6dot50.batches.payments", [{"batchId": GUID}], GUID, {"batch_id": "0.batchId"}),
            ("6dot50.authentication.getToken", {"token": "eyJh.eyJp.c2ln"}, "eyJh.eyJp.c2ln", {"token": "token"}),
        ],
    )
    def test_an_id_that_is_used_later_is_kept(self, operation: str, reply: Any, value: str, kept: dict[str, str]) -> None:
        first, second = steps(
            call("/x", reply, operation=operation, method="POST"),
            call(
                f"/y/{value}/z?id={value}",
                {"id": value, "message": f"no {value} here"},
                ("x-note", value),
                JSON,
                method="POST",
                body={"of": [value]},
            ),
        )
        name = f"{{{next(iter(kept))}}}"
        assert first["keep"] == kept
        assert second["send"] == f"POST /y/{name}/z?id={name}"
        assert second["headers"] == {"X-Note": name}
        assert second["json"] == {"of": [name]}
        assert second["get"]["json"] == {"message": f"no {name} here"}

    def test_two_of_a_kind_have_two_names(self) -> None:
        made = [call(JOBS, {"id": f"batchv2_Made{number}"}, method="POST") for number in (1, 2)]
        used = [call(f"{JOBS}/batchv2_Made{number}") for number in (2, 1)]
        assert [step["send"] for step in steps(*made, *used)[2:]] == [
            f"GET {JOBS}/{{batch_job}}",
            f"GET {JOBS}/{{batch_job_2}}",
        ]

    def test_a_link_is_followed_wherever_the_server_was(self) -> None:
        link = "http://127.0.0.1:40123/_files/stripe/w1/upload/batchv2_1-AbC?x=%20"
        reply = {"upload_url": {"url": link}}
        first, second = steps(call(JOBS, reply), call("/_files/stripe/w1/upload/batchv2_1-AbC?x=%20", method="PUT"))
        assert (first["keep"], second["send"]) == ({"upload_url": "upload_url.url"}, "PUT {upload_url}")

    @pytest.mark.parametrize(
        ("reply", "used"),
        [
            ({"status": "running1"}, "running1"),
            ({"id": "short"}, "short"),
            ({"id": "123456789"}, "123456789"),
            ({"id": "two words 1"}, "two%20words%201"),
            ({"a.b": {"id": JOB}}, JOB),
            ({"id": JOB}, "another1"),
        ],
    )
    def test_nothing_else_is_kept(self, reply: Any, used: str) -> None:
        first, second = steps(call(JOBS, reply), call(f"{JOBS}/{used}"))
        assert "keep" not in first
        assert second["send"].endswith(used)

    def test_what_the_client_chose_itself_is_not_kept(self) -> None:
        create = call(JOBS, {"id": "chosen-1"}, JSON, method="POST", body={"id": "chosen-1"})
        assert "keep" not in steps(create, call(f"{JOBS}/chosen-1"))[0]

    def test_what_was_not_heard_is_not_kept(self) -> None:
        lost = call(JOBS, {"id": JOB}, method="POST", fails=True)
        first, second, third = steps(lost, call(JOBS, {"data": [{"id": JOB}]}), call(f"{JOBS}/{JOB}"))
        assert "keep" not in first
        assert (second["keep"], third["send"]) == ({"batch_job": "data.0.id"}, f"GET {JOBS}/{{batch_job}}")

    def test_a_name_in_braces_that_a_client_sends_is_no_value(self) -> None:
        first, second = steps(
            call(JOBS, {"id": JOB}), call(f"{JOBS}/{JOB}", None, JSON, method="POST", body={"note": "{batch_job}"})
        )
        assert first["keep"] == {"batch_job_2": "id"}
        assert second["json"] == {"note": "{batch_job}"}


class TestExpected:
    """What a step expects."""

    def test_nothing_whole_is_expected_where_nothing_came(self) -> None:
        assert expected({"id": JOB}, fails=True) == {"fails": True}
        assert expected({"status": "x"}, spoilt=True) == {"status": 200}
        assert expected({"status": "x"}, reply_is_cut=True) == {"status": 200}

    @pytest.mark.parametrize(
        ("reply", "said"),
        [
            ({"status": "queued", "object": "x", "livemode": False}, {"status": "queued"}),
            ({"id": JOB, "url": "https://h.test/x", "created": "2026-03-09T20:55:31.000Z", "day": "2026-03-09"}, None),
            ({"a": None, "b": "", "c": [], "d": {}}, {"c": []}),
            ({"a": {"c": []}}, None),
            ({"a": {"b": [{"status": "x"}, {"status": "y"}]}}, {"a": {"b": [{"status": "x"}, {"status": "y"}]}}),
            ({"a": [{"status": "x"}, {"id": JOB}]}, None),
            ({"a": [{"status": "x"}] * 6}, None),
            ({"a": ["one", "two"]}, {"a": ["one", "two"]}),
            ({f"name{number}": number for number in range(7)} | {"total": 3}, {"total": 3}),
            ({"amount": 0, "ok": False}, {"amount": 0, "ok": False}),
            ({"name": "x" * 201}, None),
            ({"signing_secret": "whsec_x", "api_key": "k", "note": "sk_test_abc"}, None),
        ],
    )
    def test_what_matters_is_expected(self, reply: Any, said: Any) -> None:
        assert expected(reply).get("json") == said

    def test_a_refusal_is_expected_whole(self) -> None:
        error = {"error": {f"field{number}": "x" for number in range(9)}}
        assert expected(error, status=400) == {"status": 400, "json": error}

    def test_what_was_sent_is_not_said_again(self) -> None:
        (step,) = steps(
            call(JOBS, {"name": "Mine", "priority": "low", "status": "new"}, JSON, body={"name": "Mine", "status": "new"})
        )
        assert step["get"]["json"] == {"priority": "low", "status": "new"}

    def test_of_what_was_heard_before_only_what_changed_is_said_again(self) -> None:
        job = {"id": JOB, "status": "running", "count": 1, "name": "Mine"}
        again = steps(call(reply=job), call(reply=job), call(reply=job | {"count": 2}))
        assert [step["get"].get("json") for step in again] == [
            {"status": "running", "count": 1, "name": "Mine"},
            {"status": "running"},
            {"status": "running", "count": 2},
        ]

    def test_a_text_is_expected_whole_where_it_is_short(self) -> None:
        assert expected(b"a,b\n1,2\n") == {"status": 200, "text": "a,b\n1,2\n"}
        for reply in (b"x" * 601, b"\xff", b"see http://127.0.0.1:8080/x", b"key sk_test_abcdef", b"\x00"):
            assert expected(reply) == {"status": 200}

    def test_a_refused_key_is_not_repeated(self) -> None:
        key = "sk_test_0000000000abcd"
        reply = {"error": {"code": "invalid_api_key", "message": "Invalid API Key provided: sk_****abcd"}}
        refused = call(JOBS, reply, ("authorization", f"Bearer {key}"), status=401, credential=key, is_let_in=False)
        (step,) = steps(refused)
        assert step["headers"] == {"Authorization": "Bearer sk_test_recorded1"}
        assert step["get"] == {"status": 401, "json": {"error": {"code": "invalid_api_key"}}}


class TestSecrets:
    """What stands in place of secrets."""

    @pytest.mark.parametrize(
        ("secret", "stand_in"),
        [
            ("sk_test_abc", "{stripe.api_key}"),
            ("sk_live_abc", "{stripe.api_key}"),
            ("rk_test_abc", "rk_test_recorded1"),
            ("sk_org_live_abc", "sk_org_test_recorded1"),
            ("anything", "recorded1"),
        ],
    )
    def test_a_key_that_was_taken_becomes_the_worlds_own_or_one_of_its_kind(self, secret: str, stand_in: str) -> None:
        (step,) = steps(call(JOBS, None, ("authorization", f"Bearer {secret}"), credential=secret))
        assert step["headers"] == {"Authorization": f"Bearer {stand_in}"}

    def test_a_key_of_basic_authentication_is_shown_as_a_token(self) -> None:
        (step,) = steps(call(JOBS, None, ("authorization", "Basic c2tfdGVzdF9hYmM6"), credential="sk_test_abc"))
        assert step["headers"] == {"Authorization": "Bearer {stripe.api_key}"}

    def test_two_keys_stay_two(self) -> None:
        made = [
            call(f"/live/account?api_key={key}", operation="serpwow.account.get", credential=key)
            for key in ("one", "two", "one")
        ]
        assert [step["send"].partition("=")[2] for step in steps(*made)] == [
            "{serpwow.api_key}",
            "recorded1",
            "{serpwow.api_key}",
        ]

    def test_a_secret_in_a_body_is_another_text(self) -> None:
        body = {"settings": {"secret_access_key": "5ecret-5ecret", "pins": [1234, True, None]}, "api_key": ["5ecret-5ecret"]}
        (step,) = steps(
            call("/live/destinations", None, JSON, operation="serpwow.destinations.create", method="POST", body=body)
        )
        assert step["json"] == {
            "settings": {"secret_access_key": "recorded1", "pins": [1234, True, None]},
            "api_key": ["recorded1"],
        }

    def test_a_request_whose_secret_cannot_be_told_apart_is_left_out(self) -> None:
        recording = recorded(
            call(), call(method="POST", body=b"note: x\npassword: 5ecret-5ecret\n", operation="stripe.batch_jobs.create")
        )
        assert "5ecret" not in recording.text

    def test_what_it_made_is_not_kept_then(self) -> None:
        hidden = call(
            f"{JOBS}/api_key/5ecret-5ecret/%22", {"id": JOB}, ("x-a", "1"), method="POST", body=b'[["token", 5]]', status=200
        )
        recording = recorded(hidden, call(f"{JOBS}/{JOB}"))
        assert "5ecret" not in recording.text


def test_time_passes_in_the_shortest_words() -> None:
    instants = [timedelta(), timedelta(seconds=90), timedelta(seconds=90, microseconds=5), timedelta(hours=2)]
    made = [call()._replace(at=NOW + it) for it in instants]
    assert [step["advance"] for step in steps(*made, Passed(NOW + timedelta(hours=2))) if "advance" in step] == [
        "1m30s",
        {"to": "2026-03-09T20:57:01.000005Z"},
        {"to": "2026-03-09T22:55:31Z"},
    ]


@pytest.mark.parametrize("count", [70, 300])
def test_a_story_that_no_scenario_can_hold_is_refused(count: int) -> None:
    with pytest.raises(
        Conflict, match=r"would have \d+ bytes.*, and a scenario has 1000000 bytes at most: record a shorter story"
    ):
        recorded(*[call(body=b"x" * 16_000)] * count)


@pytest.mark.parametrize(
    ("operations", "title"),
    [
        ([], "A client does nothing"),
        (["a"], "A client calls batch_jobs.a"),
        (["a", "b", "a"], "A client calls batch_jobs.a and batch_jobs.b"),
        ([*"abcdef"], "A client calls batch_jobs.a, batch_jobs.b, batch_jobs.c and 3 operations more"),
    ],
)
def test_a_title_says_what_the_client_called(operations: list[str], title: str) -> None:
    made = [call(operation=f"stripe.batch_jobs.{name}") for name in operations]
    assert parse(recorded(*made).text).value["title"] == title
    assert parse(recorded(*made, beginning={"title": "Mine"}).text).value["title"] == "Mine"
