"""The control plane in the hands of somebody with curl: short answers, plain refusals, and what to send instead."""

from __future__ import annotations

import json
import re
import socket
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from emulator import Emulator, EmulatorServer
from emulator.client.transport import InProcess
from emulator.control.app import ROUTES
from emulator.control.problems import path_hint
from emulator.server.app import create_app, worlds_of
from emulator.vendors import VENDORS
from emulator.web.guard import PREFIX, Guard
from tests.support.loading import LIBRARY
from tests.support.server import Live

DEFAULT = f"{PREFIX}/worlds/default"
FORM = {"content-type": "application/x-www-form-urlencoded"}
STOP = "/live/batches/2A6F94BB/stop?api_key=demo"


@pytest.fixture
def client() -> Iterator[httpx.Client]:
    app = create_app(worlds_of([LIBRARY.get("first-run")]))
    with httpx.Client(transport=InProcess(app), base_url="http://127.0.0.1:8080", headers=FORM) as client:
        yield client


def differences(client: httpx.Client, part: Any) -> dict[tuple[str, str, str | None], Any]:
    """By vendor, place and id, each difference that a change of the state made."""
    answer = client.patch(f"{DEFAULT}/state", content=json.dumps(part))
    assert answer.status_code == 200, answer.text
    assert set(answer.json()) == {"differences", "rest"}
    return {
        (difference["vendor"], difference["at"], difference["id"]): difference for difference in answer.json()["differences"]
    }


def test_a_change_of_the_state_answers_with_what_changed_and_nothing_else(client: httpx.Client) -> None:
    batches = [{"id": "2A6F94BB", "status": "running"}, {"id": "NEW", "status": "queued", "searches": 5}]
    changes_by_id = differences(client, {"serpwow": {"batches": batches}, "6dot50": {"members": ["27820000000"]}})
    fields = changes_by_id.pop(("serpwow", "batches", "2A6F94BB"))["changed"]
    assert fields["status"] == {"before": "queued", "after": "running"}
    fields_of_new = changes_by_id.pop(("serpwow", "batches", "NEW"))["added"]
    assert (fields_of_new["status"], fields_of_new["searches"]) == ("queued", 5)
    account = changes_by_id.pop(("serpwow", "account", None))["changed"]
    assert account["credits_used"] == {"before": 230, "after": 235}
    ((vendor, at, _),) = changes_by_id
    assert (vendor, at) == ("6dot50", "members")


def test_a_change_tells_what_it_tells_as_a_difference_from_the_beginning(client: httpx.Client) -> None:
    answer = client.patch(f"{DEFAULT}/state", json={"serpwow": {"batches": [{"id": "NEW", "searches": 5}]}}).json()
    assert answer["differences"] == client.get(f"{DEFAULT}/diff").json()["differences"]


@pytest.mark.parametrize("part", [{}, {"serpwow": {"account": {"credits_limit": 15000}}}])
def test_a_change_that_changes_nothing_says_so(client: httpx.Client, part: Any) -> None:
    assert differences(client, part) == {}


def test_a_change_includes_what_happens_at_once_because_of_it(client: httpx.Client) -> None:
    scenario = {"timing": {"serpwow.queue": "0s"}, "given": {"serpwow": {"batches": [{"id": "B"}]}}}
    client.post(f"{DEFAULT}/reset", json={"scenario": {"title": "No queue", **scenario}})
    changes_by_id = differences(client, {"serpwow": {"batches": [{"id": "B", "status": "queued"}]}})
    assert changes_by_id["serpwow", "batches", "B"]["changed"]["status"] == {"before": "idle", "after": "running"}


def test_no_secret_can_be_read_in_what_changed(client: httpx.Client) -> None:
    destination = {"id": "D", "name": "D", "type": "s3", "s3_secret_access_key": "not-for-everybody"}
    answer = client.patch(f"{DEFAULT}/state", json={"serpwow": {"destinations": [destination]}})
    assert "not-for-everybody" not in answer.text


@pytest.mark.parametrize("vendor", VENDORS)
def test_the_state_of_one_vendor_is_the_part_of_the_whole(client: httpx.Client, vendor: str) -> None:
    whole_state, part = client.get(f"{DEFAULT}/state").json(), client.get(f"{DEFAULT}/state?vendor={vendor}").json()
    assert part == {vendor: whole_state[vendor]}
    assert differences(client, part) == {}


@pytest.mark.parametrize(
    ("query", "detail"),
    [
        ("vendor=serpwo", "/vendor: no vendor is called 'serpwo'; did you mean 'serpwow'?"),
        ("vendor=", "/vendor: no vendor is called ''; known: serpwow, stripe, 6dot50"),
        ("vendr=serpwow", "/vendr: unknown parameter 'vendr'; did you mean 'vendor'?"),
        ("vendor=stripe&vendor=serpwow", "/vendor: vendor is given twice"),
    ],
)
def test_a_part_that_there_is_not_is_refused(client: httpx.Client, query: str, detail: str) -> None:
    response = client.get(f"{DEFAULT}/state?{query}")
    assert (response.status_code, response.json()["detail"]) == (422, detail)


def test_the_handle_reads_one_vendor_and_returns_what_it_changed() -> None:
    with EmulatorServer() as server, Emulator("first-run", server=server) as emulator:
        targets: list[str] = []
        ask = server.ask
        server.ask = lambda method, path, body=None: (targets.append(path), ask(method, path, body))[1]  # type: ignore[method-assign,func-returns-value]
        assert emulator.serpwow.batch("2A6F94BB").status == "queued"
        (change,) = emulator.state.change({"serpwow": {"account": {"name": "Another"}}})
        assert targets == [f"/worlds/{emulator.id}/state?vendor=serpwow", f"/worlds/{emulator.id}/state?limit=1000000000"]
        assert (change.at, change.changed) == ("account", {"name": ("John Smith", "Another")})
        assert set(emulator.state) == set(VENDORS)
        with pytest.raises(KeyError, match="did you mean 'stripe'"):
            emulator.state["strip"]


@pytest.mark.parametrize(
    ("accept", "media"),
    [
        ("text/plain", "text/plain; charset=utf-8"),
        ("text/plain, */*;q=0.1", "text/plain; charset=utf-8"),
        ("text/plain, */*", "text/plain; charset=utf-8"),
        ("application/json, text/plain, */*", "application/json"),
        ("text/plain;q=0", "application/json"),
        ("application/json;q=0.4, text/*;q=0.5", "text/plain; charset=utf-8"),
        ("*/*", "application/json"),
        ("text/plain;q=0.4, application/json", "application/json"),
        ("text/html", "application/json"),
    ],
)
def test_an_explanation_is_text_where_text_is_asked_for(client: httpx.Client, accept: str, media: str) -> None:
    client.get(STOP)
    response = client.get(f"{DEFAULT}/journal/last/explain", headers={"accept": accept})
    assert (response.headers["content-type"], response.headers["vary"]) == (media, "Accept, User-Agent")
    assert response.text.endswith("\n")
    text = client.get(f"{DEFAULT}/journal/last/explain").json()["text"]
    assert (response.json()["text"] if "json" in media else response.text.rstrip("\n")) == text


def test_an_explanation_that_cannot_be_given_says_so_in_the_form_that_was_asked_for(client: httpx.Client) -> None:
    url = f"{DEFAULT}/journal/7/explain"
    text, problem = client.get(url, headers={"accept": "text/plain"}), client.get(url)
    assert (text.status_code, text.text) == (404, "this journal has no entry 7: it is empty\n")
    assert (problem.headers["content-type"], problem.json()["detail"]) == ("application/problem+json", text.text.strip())


def test_an_explanation_reads_as_plain_sentences(client: httpx.Client) -> None:
    client.post(
        f"{DEFAULT}/faults", json={"at": "serpwow.batches.stop", "where": "after-commit", "do": "status", "status": 503}
    )
    client.get(STOP)
    text = client.get(f"{DEFAULT}/journal/last/explain", headers={"accept": "text/plain"}).text
    assert "serpwow.batch 2A6F94BB: queued --stop--> idle, answers stopped" in text
    assert "not taken: if fails_to_stop, answers stop_failed" in text
    assert "fault       fault-1: status after-commit" in text
    assert "delivered   no: the client did not get the whole answer" in text
    assert "hint        it took effect; the 503 comes from fault-1" in text


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/nothing", 404),
        ("GET", "/_emulator/nothing", 404),
        ("PUT", "/_emulator/worlds", 405),
        ("POST", f"{DEFAULT}/clock/advance", 422),
        ("GET", "/_emulator/worlds/nowhere", 404),
        ("GET", "/live/account?api_key=sk_live_1", 403),
    ],
)
def test_every_refusal_of_ours_ends_its_line(client: httpx.Client, method: str, path: str, status: int) -> None:
    response = client.request(method, path)
    assert (response.status_code, response.text[-2:]) == (status, "}\n")


def test_a_refusal_of_the_connection_ends_its_line_too(live: Live) -> None:
    url = httpx.URL(live.url)
    with socket.create_connection((url.host, url.port)) as line:
        line.sendall(b"NONSENSE\r\n\r\n")
        answer = b"".join(iter(lambda: line.recv(65_536), b""))
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert answer.endswith(b"}\n")


def test_the_bodies_of_the_vendors_are_theirs_to_the_byte(client: httpx.Client) -> None:
    for path in (STOP, STOP, "/live/nothing?api_key=demo", "/v2/core/batch_jobs/x", "/za/pay/accounts"):
        assert not client.get(path).content.endswith(b"\n")


def test_head_is_answered_with_the_length_of_get_on_every_route_that_has_one(client: httpx.Client) -> None:
    client.get(STOP)
    for row in ROUTES:
        if row.method == "GET" and not row.raw and not re.search("{(event|fault|reply|name|vendor|delivery)", row.path):
            path = PREFIX + row.path.replace("{world}", "default").replace("{n}", "1")
            head, get = client.head(path), client.get(path)
            assert (head.status_code, head.content) == (200, b""), path
            assert head.headers["content-length"] == get.headers["content-length"]


NEED = ("clock/advance", "clock", "faults", "dry-run", "snapshots", "restore", "verify")
NEEDY = [row for row in ROUTES if row.body is not None and row.path.removeprefix("/worlds/{world}/") in NEED]


@pytest.mark.parametrize("row", NEEDY, ids=lambda row: f"{row.method} {row.path}")
@pytest.mark.parametrize("body", ["", "{}", "[]", '"30s"'])
def test_a_body_that_says_nothing_is_told_what_to_send_and_that_works(client: httpx.Client, row: Any, body: str) -> None:
    url = PREFIX + row.path.replace("{world}", "default")
    client.post(f"{DEFAULT}/snapshots", content='{"name": "before"}')
    response = client.request(row.method, url, content=body)
    assert response.status_code == 422
    _, changes_by_id, example = response.json()["detail"].partition("; send for example ")
    assert changes_by_id
    assert client.request(row.method, url, content=example).status_code == row.status


def test_what_curl_sends_as_a_form_by_default_is_read_as_json(client: httpx.Client) -> None:
    response = client.post(f"{DEFAULT}/clock/advance", content='{"by": "1s"}')
    assert response.request.headers["content-type"] == "application/x-www-form-urlencoded"
    assert response.json()["now"] == "2026-03-09T20:55:32Z"


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/worlds/default/stat", "; did you mean /_emulator/worlds/{world}/state?"),
        ("/wrlds/default/state", "; did you mean /_emulator/worlds/{world}/state?"),
        ("/worlds/mine/jurnal/3/explain", "; did you mean /_emulator/worlds/{world}/journal/{n}/explain?"),
        ("/worlds/mine/advance", "; did you mean /_emulator/worlds/{world}/clock/advance?"),
        ("/worlds/mine/explain", "; did you mean /_emulator/worlds/{world}/journal/{n}/explain?"),
        ("/journal", "; did you mean /_emulator/worlds/{world}/journal?"),
        ("/openapi", "; did you mean /_emulator/openapi.json?"),
        ("/worlds/", "; did you mean /_emulator/worlds?"),
        ("/scenarios/", "; did you mean /_emulator/scenarios?"),
        ("/worlds/mine/state/", "; did you mean /_emulator/worlds/{world}/state?"),
        ("/zzz", ""),
        ("/worlds/default/zzz", ""),
    ],
)
def test_a_path_that_there_is_not_is_told_the_one_that_was_meant(client: httpx.Client, path: str, expected: str) -> None:
    assert path_hint(PREFIX + path, [PREFIX + row.path for row in ROUTES]) == expected
    detail = client.get(PREFIX + path).json()["detail"]
    assert detail == f"the control plane has no path {PREFIX}{path}{expected or '; GET /_emulator lists what there is'}"


@pytest.mark.parametrize(
    ("headers", "message"),
    [
        ({}, "no token was sent"),
        ({"authorization": "Bearer wrong"}, "does not hold its token"),
        ({"authorization": "Basic dXNlcjpwYXNz"}, "does not hold its token"),
    ],
)
def test_a_locked_control_plane_says_how_it_is_opened(headers: dict[str, str], message: str) -> None:
    app = create_app(worlds_of([]), guard=Guard(token="the-token"))
    with httpx.Client(transport=InProcess(app), base_url="http://127.0.0.1:8080") as client:
        response = client.get("/_emulator/worlds", headers=headers)
    detail = response.json()["detail"]
    assert (response.status_code, message in detail) == (401, True)
    assert all(hint in detail for hint in ("Authorization: Bearer TOKEN", "--control-token", "EMULATOR_CONTROL_TOKEN"))
    assert "the-token" not in response.text


def test_an_exchange_and_a_change_read_as_a_line() -> None:
    with Emulator("first-run") as emulator:
        with httpx.Client(transport=emulator.transport(), base_url="http://127.0.0.1:8080") as client:
            client.get("/live/batches/2A6F94BB/stop", params={"api_key": emulator.serpwow.api_key})
        (exchange,) = emulator.journal.exchanges()
        assert re.fullmatch(r"1: GET /live/batches/2A6F94BB/stop\?api_key=\S+… -> 200 \(stopped\)", str(exchange))
        (change,) = emulator.journal.changes()
        assert str(change) == "serpwow batch 2A6F94BB: queued -> idle (serpwow.batches.stop)"


def test_a_patch_without_a_body_is_told_what_to_send(client: httpx.Client) -> None:
    response = client.patch(f"{DEFAULT}/state")
    assert response.status_code == 422
    assert "an empty body changes nothing" in response.json()["detail"]
    assert client.patch(f"{DEFAULT}/state", json={}).json() == {"differences": [], "rest": 0}


def test_a_world_that_the_header_misspells_is_told_the_nearest(client: httpx.Client) -> None:
    response = client.get("/live/account", params={"api_key": "k"}, headers={"Emulator-World": "defalt"})
    assert response.json()["message"] == (
        "the header Emulator-World names 'defalt', and no world is called so; did you mean 'default'?"
    )
