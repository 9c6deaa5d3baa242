"""No secret of the published list can be read, wherever it stands and however it is encoded, and no other data is hidden."""

from __future__ import annotations

import json
import logging
from typing import Any

import httpx
import pytest

from emulator import ControlError, Emulator, EmulatorServer
from emulator.cli.stderr import standard_error
from emulator.client.failure_report import failure_report
from emulator.client.transport import InProcess
from emulator.server.app import create_app, worlds_of
from emulator.text.redact import redact_body
from emulator.web.access_log import LONGEST, AccessLog
from tests.support.loading import LIBRARY
from tests.support.recordings import played, read
from tests.support.secret_texts import (
    LIKE,
    PLAIN,
)
from tests.support.server import through_a_socket
from tests.support.shown_secrets import readable_in, requests_of

PATHS = ("/journal", "/ledger", "/diff?from=before", "/diff?from=now&to=before", "/unmatched", "/held", "/pending", "/faults")


@pytest.fixture(scope="module")
def outputs() -> dict[str, str]:
    """By where it is said, what is told of these requests."""
    server = EmulatorServer()
    assert server.app is not None
    with server, Emulator("first-run", server=server) as emulator:
        emulator.snapshot("before")
        transport = InProcess(through_a_socket(server.app))
        with httpx.Client(transport=transport, base_url="http://127.0.0.1", headers={"Emulator-World": emulator.id}) as client:
            answers = [
                client.request(request.method, request.target, headers=request.headers, content=request.body)
                for request in requests_of(emulator)
            ]
        assert [answer.status_code for answer in answers if answer.headers.get("emulator-error") == "internal"] == []
        last = emulator.ask("GET", "/journal")["last"]
        emulator_error = [answer.text for answer in answers if "emulator-error" in answer.headers]
        wish = {"at": "serpwow.batches.create", "json": {"name": "another"}, "query": {"api_key": "other"}}
        return {
            **{path: json.dumps(emulator.ask("GET", path)) for path in PATHS},
            **{f"explain {n}": json.dumps(emulator.ask("GET", f"/journal/{n}/explain")) for n in range(1, last + 1)},
            "story": failure_report(emulator),
            "record": emulator.record(),
            "headers": repr([exchange.headers for exchange in emulator.journal.exchanges()]),
            "refusals of ours": "".join(emulator_error),
            "verify": json.dumps(emulator.ask("POST", "/verify", {"called": [wish]})),
        }


@pytest.mark.parametrize("where", [*PATHS, "story", "record", "headers", "refusals of ours", "verify"])
def test_nothing_that_tells_of_requests_shows_a_secret_of_theirs(outputs: dict[str, str], where: str) -> None:
    assert readable_in(outputs[where]) == []


def test_a_recording_without_the_secrets_plays_all_the_same(outputs: dict[str, str]) -> None:
    assert played(read(outputs["record"])).differences == []


def test_no_explanation_shows_a_secret_of_the_request(outputs: dict[str, str]) -> None:
    assert {where: readable_in(text) for where, text in outputs.items() if where[:7] == "explain" and readable_in(text)} == {}


def test_no_line_of_the_server_shows_a_secret_of_a_request() -> None:
    lines: list[str] = []
    app = through_a_socket(create_app(worlds_of([LIBRARY.get("first-run")]), access_log=AccessLog(lines.append)))
    with httpx.Client(transport=InProcess(app), base_url="http://127.0.0.1") as client, Emulator() as emulator:
        for request in requests_of(emulator):
            client.request(request.method, request.target, headers=request.headers, content=request.body)
    assert (len(lines) > 100, readable_in("".join(lines))) == (True, [])


def test_no_line_that_is_cut_shows_a_user_of_a_url() -> None:
    lines: list[str] = []
    url = f"http://me:{PLAIN}@h.test/"
    AccessLog(lines.append).log_request(LIKE[0], "/x?a=" + "a" * (LONGEST - len(url)) + f"&b={url}", 400, "bad", f"at {url}")
    assert readable_in(lines[0]) == []


def test_what_is_logged_shows_no_secret(capsys: pytest.CaptureFixture[str]) -> None:
    with standard_error():
        try:
            raise ValueError(f"no such user: http://me:{PLAIN}@h.test and {LIKE[0]}")
        except ValueError:
            logging.getLogger("emulator").exception("GET /x?api_key=%s failed", PLAIN)
    log = capsys.readouterr().err
    assert ("ValueError: no such user" in log, readable_in(log)) == (True, [])


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", f"/nothing?api_key={PLAIN}", None),
        ("GET", f"/worlds/{LIKE[4]}", None),
        ("GET", f"/worlds/default/journal/{LIKE[4]}", None),
        ("POST", f"/worlds/default/{LIKE[4]}", {}),
        ("POST", "/worlds", {"scenario": {"credentials": {"stripe": [LIKE[0]]}}}),
        ("POST", "/worlds", {"scenario": LIKE[0]}),
        ("POST", "/worlds", {f"token={PLAIN}": 1}),
        ("POST", "/worlds", {"scenario": {LIKE[4]: 1, "given": {"serpwow": {"destinations": [{"api_key": PLAIN}]}}}}),
        ("PATCH", "/worlds/default/state", {"serpwow": {"destinations": [{"settings": {"s3_secret_access_key": [PLAIN]}}]}}),
        (
            "PATCH",
            "/worlds/default/state",
            {"serpwow": {"destinations": [{"settings": {"s3_secret_access_key": {"a": PLAIN}}}]}},
        ),
        ("PATCH", "/worlds/default/state", {"6dot50": {"tokens": [{"token": [PLAIN]}]}}),
        ("POST", "/worlds/default/dry-run", {"method": "GET", "url": f"/x?api_key={PLAIN}"}),
        ("POST", "/worlds/default/dry-run", {"method": "GET", "url": f"/live/batches/{LIKE[0]}"}),
        *(
            ("POST", f"/worlds{path}", {"id": id})
            for path in ("", "/default/fork")
            for id in LIKE
            if id.replace("_", "").isalnum()
        ),
        ("POST", f"/worlds?id={LIKE[0]}", {}),
    ],
)
def test_no_refusal_of_the_control_plane_shows_a_secret(method: str, path: str, body: Any) -> None:
    with EmulatorServer() as server, pytest.raises(ControlError) as refusal:
        server.ask(method, path, body)
    suffix = f" ({method} /_emulator{path} was answered"
    assert readable_in(str(refusal.value).partition(suffix)[0]) == []


def test_the_journal_shows_headers_up_to_a_bound_and_counts_the_rest() -> None:
    with Emulator("first-run") as emulator, httpx.Client(transport=emulator.transport(), base_url="http://127.0.0.1") as client:
        headers = {"Emulator-World": emulator.id, "X-Long": "ab" * 10_000, "X-Token": PLAIN, "X-Last": "1"}
        client.get("/live/account", headers=headers)
        text = json.dumps(emulator.ask("GET", "/journal"), ensure_ascii=False)
    assert len(text) < 18_000
    assert ("characters more" in text, "headers more" in text, readable_in(text)) == (True, True, [])


def test_no_fault_shows_a_secret_that_it_answers_with() -> None:
    with Emulator() as emulator:
        fault = {"at": "stripe", "where": "before-commit", "do": "status", "status": 500, "body": {"password": PLAIN}}
        fault_body = emulator.ask("POST", "/faults", fault)
        assert fault_body["fault"]["body"] == {"password": "S3cr…"}
        assert readable_in(json.dumps(emulator.ask("GET", "/faults"))) == []


def test_no_id_with_the_shape_of_a_secret_can_be_read() -> None:
    secret = "sk_test_Zq7RvXw2Kp9LmNt4"
    with Emulator() as emulator, httpx.Client(transport=emulator.transport(), base_url="http://127.0.0.1") as client:
        emulator.ask("PATCH", "/state", {"serpwow": {"batches": [{"id": secret, "status": "idle", "searches": 1}]}})
        client.get(f"/live/batches/{secret}/start?api_key={emulator.serpwow.api_key}").raise_for_status()
        shown = [emulator.ask("GET", path) for path in ("/journal", "/journal/1/explain", "/journal/2/explain", "/pending")]
    assert secret[8:] not in json.dumps(shown)


KEY_LINES = ["-----BEGIN RSA PRIVATE KEY-----", "MIIEpAIBAAKCAQEA", "q83vASNFZ4k", "-----END RSA PRIVATE KEY-----"]


@pytest.mark.parametrize(
    ("lines", "shown"),
    [
        (["before", *KEY_LINES, "after"], ["before", "----…", "…", "…", "…", "after"]),
        (["before", *KEY_LINES[:3]], ["before", "----…", "…", "…"]),
        ([*KEY_LINES, *KEY_LINES], ["----…", "…", "…", "…"] * 2),
        (["before", "\n".join(KEY_LINES), "after"], ["before", "----…", "after"]),
        (["\n".join(KEY_LINES[:2]), {"more": KEY_LINES[2]}, KEY_LINES[3], "after"], ["----…", "…", "…", "after"]),
        (["-----BEGIN CERTIFICATE-----", "MIIE", "-----END CERTIFICATE-----"],) * 2,
    ],
)
def test_no_line_of_a_private_key_can_be_read_where_its_lines_are_apart(lines: list[object], shown: list[object]) -> None:
    assert redact_body({"lines": lines}) == {"lines": shown}
    with Emulator("first-run") as emulator, httpx.Client(transport=emulator.transport(), base_url="http://127.0.0.1") as client:
        client.post("/live/batches", params={"api_key": emulator.serpwow.api_key}, json={"name": "K", "lines": lines})
        told = json.dumps([emulator.ask("GET", path) for path in ("/journal", "/journal/1/explain", "/ledger")])
    assert [line for line in KEY_LINES[1:3] if line in told] == []
