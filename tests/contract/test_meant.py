"""A request in the wrong place is answered with the right one: another vendor's path, one written twice, a misplaced key."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.client.transport import InProcess
from emulator.server.app import create_app, worlds_of
from tests.support.loading import LIBRARY
from tests.support.server import Live

DEFAULT = "/_emulator/worlds/default"
JOB = "/v2/core/batch_jobs/batchv2_AbCdEfGhIjKlMnOpQrStUvWxYz"
BEARER = "Authorization"
SERPWOW, STRIPE, PAY = "serpwow takes its key", "stripe takes its key", "6dot50 takes a token of getToken"


@pytest.fixture
def client() -> Iterator[httpx.Client]:
    app = create_app(worlds_of([LIBRARY.get("first-run")]))
    with httpx.Client(transport=InProcess(app), base_url="http://127.0.0.1:8080") as client:
        yield client


def hints_of(client: httpx.Client) -> list[str]:
    hints: list[str] = client.get(f"{DEFAULT}/journal/last/explain").json()["would_work"]
    return hints


@pytest.mark.parametrize(
    ("request_line", "options", "places"),
    [
        ("GET /za/pay/batches", {"headers": {BEARER: "demo"}}, ("a header authorization", PAY)),
        ("GET /za/pay/batches", {"headers": {BEARER: "Basic x"}}, ("a header authorization", PAY)),
        ("GET /za/pay/batches?api_key=demo", {}, ("'api_key' in its query", PAY)),
        (f"GET {JOB}", {"headers": {BEARER: "sk_test_123"}}, ("a header authorization", STRIPE)),
        (f"GET {JOB}", {"headers": {"X-Api-Key": "sk_test_123"}}, ("a header x-api-key", STRIPE)),
        ("GET /live/account?apikey=demo", {}, ("'apikey' in its query", SERPWOW)),
        ("GET /live/account", {"headers": {BEARER: "Bearer demo"}}, ("a header authorization", SERPWOW)),
        ("POST /live/batches", {"data": {"api_key": "demo"}}, ("'api_key' in its body", SERPWOW)),
        ("POST /live/batches", {"json": {"api_key": "demo"}}, ("'api_key' in its body", SERPWOW)),
        ("POST /live/batches", {"files": {"api_key": (None, "demo")}}, ("'api_key' in its body", SERPWOW)),
    ],
)
def test_a_key_in_another_place_is_told_of_with_its_right_place(
    client: httpx.Client, request_line: str, options: dict[str, Any], places: tuple[str, str]
) -> None:
    method, target = request_line.split()
    assert client.request(method, target, **options).status_code == 401
    (hint,) = hints_of(client)
    assert all(part in hint for part in places)


@pytest.mark.parametrize("target", ["/live/account", "/za/pay/batches", JOB])
def test_a_request_without_any_key_is_said_to_have_none(client: httpx.Client, target: str) -> None:
    client.get(target)
    assert hints_of(client)[0] == "the request carries no credential"


@pytest.mark.parametrize(
    ("request_line", "headers", "hint"),
    [
        ("GET /account", {}, "serpwow's paths begin with /live: did you mean '/live/account'?"),
        ("GET /account?api_key=demo", {}, "serpwow takes it, whose paths begin with /live: did you mean '/live/account'?"),
        ("GET /batch_jobs/x", {BEARER: "Bearer sk_test_1"}, "stripe takes it, whose paths begin with /v2/core: did you mean"),
        ("GET /v1/customers", {BEARER: "Bearer sk_test_1"}, "stripe takes it, whose paths begin with /v2/core"),
        ("GET //live/account", {}, "did you mean '/live/account'?"),
        ("GET ///live//batches/stopall?api_key=k", {}, "did you mean '/live/batches/stopall'?"),
        ("OPTIONS /", {}, "GET / without a credential or a query is the index of this server"),
        ("GET /worlds", {}, "the control plane is below /_emulator: /_emulator/worlds"),
    ],
)
def test_a_path_of_no_vendor_is_answered_with_the_right_one(
    client: httpx.Client, request_line: str, headers: dict[str, str], hint: str
) -> None:
    method, target = request_line.split()
    url = httpx.URL("http://127.0.0.1:8080").copy_with(raw_path=target.encode())
    answer = client.request(method, url, headers=headers)
    assert answer.headers["emulator-error"] == "no-such-path"
    assert hint in answer.json()["message"]


@pytest.mark.parametrize(
    ("target", "headers", "hint"),
    [
        (
            "/batches?api_key=demo",
            {},
            "this has a key as serpwow takes it, whose paths begin with /live: did you mean '/live/batches'?",
        ),
        (
            "/batches",
            {BEARER: "Bearer sk_test_1"},
            "this has a key as stripe takes it, whose paths begin with /v2/core",
        ),
        ("/batches/x/stop", {}, "serpwow's paths begin with /live: did you mean '/live/batches/x/stop'?"),
    ],
)
def test_a_request_that_reached_the_wrong_vendor_is_led_to_its_own(
    client: httpx.Client, target: str, headers: dict[str, str], hint: str
) -> None:
    client.get(target, headers=headers)
    assert hints_of(client) == [hint]


@pytest.mark.parametrize(
    ("target", "hint"),
    [
        ("/za/pay/za/pay/batches", "did you mean '/za/pay/batches'?"),
        ("/live/live/account?api_key=k", "did you mean '/live/account'?"),
    ],
)
def test_a_path_that_is_almost_right_is_explained_with_the_right_one(client: httpx.Client, target: str, hint: str) -> None:
    client.get(target)
    assert hint in hints_of(client)


def test_the_unmatched_requests_say_what_was_probably_meant(client: httpx.Client) -> None:
    client.post("/_emulator/worlds", json={"id": "other", "scenario": {"title": "Another world"}})
    targets = ["/batches?api_key=demo", "/live/account?apikey=demo", "/account", "/live/account?api_key=demo"]
    for target in targets:
        client.get(target)
    hints = [request["hint"] for request in client.get("/_emulator/worlds/other/unmatched").json()["unmatched"]]
    assert hints == [
        "this has a key as serpwow takes it, whose paths begin with /live: did you mean '/live/batches'?",
        "the request has 'apikey' in its query; serpwow takes its key in the query, as ?api_key=KEY",
        "serpwow's paths begin with /live: did you mean '/live/account'?",
        None,
    ]


def response_to(live: Live, method: str, target: str) -> tuple[int, bytes]:
    """Status and body of the answer to a target that is sent as it is."""
    host, _, port = live.url.removeprefix("http://").partition(":")
    with closing(socket.create_connection((host, int(port)), timeout=20)) as line:
        line.sendall(f"{method} {target} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n".encode())
        answer = b""
        while part := line.recv(65_536):
            answer += part
    head, _, body = answer.partition(b"\r\n\r\n")
    return int(head.split()[1]), body


FORMS = [
    "*",
    "*?x=1",
    "*/x",
    "",
    "/",
    "//",
    "///",
    "?only",
    "?",
    "#",
    "/#x",
    "http://",
    "http://x",
    "http:///x",
    "x:1",
    "abc",
    "/%",
    "..",
    "/..",
]
TARGETS = st.one_of(
    st.sampled_from(FORMS),
    st.text("/*?#:%.@ab[]", max_size=8),
    st.text("/*?#:%.@ab", max_size=6).map("http://localhost{}".format),
)


@given(method=st.sampled_from(["GET", "OPTIONS", "POST", "DELETE", "CONNECT"]), target=TARGETS)
def test_every_form_of_a_target_is_answered(live: Live, method: str, target: str) -> None:
    status, body = response_to(live, method, target)
    assert status < 500 or (method, status) == ("CONNECT", 501) or status == 505
    assert isinstance(json.loads(body), dict)


@pytest.mark.parametrize(("method", "answer"), [("OPTIONS", (404, "no-such-path")), ("GET", (400, "bad-request"))])
def test_a_request_for_the_server_as_a_whole_is_no_path(live: Live, method: str, answer: tuple[int, str]) -> None:
    status, body = response_to(live, method, "*")
    assert (status, json.loads(body)["error"]["code"]) == answer
