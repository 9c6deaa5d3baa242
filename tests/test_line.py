"""What no client can do to the server over a socket: send too much, too slowly, or hang up and have asked."""

from __future__ import annotations

import json
import socket
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import closing, suppress
from typing import Any

import httpx
import pytest

from emulator.app import create_app, library, worlds_of
from emulator.kernel.limits import Limits
from emulator.server import ThreadedServer

LIMITS = Limits(
    url=500,
    head=2_000,
    body=1_000,
    connections=20,
    head_seconds=1,
    idle_seconds=1,
    worlds=3,
    resources=400,
    journal=5,
    journal_bytes=64,
)
HEAD = b"GET /live/account?api_key=k HTTP/1.1\r\nhost: localhost\r\n"
STOP = b"POST /za/pay/batches/f945d71c-b00f-4e77-8175-253093157a2f/cancel HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer demo\r\n"


@pytest.fixture(scope="module")
def server() -> Iterator[ThreadedServer]:
    worlds = worlds_of([library().get("first-run")], limits=LIMITS)
    with ThreadedServer(create_app(worlds, limits=LIMITS), limits=LIMITS) as server:
        yield server


def dial(server: ThreadedServer) -> socket.socket:
    host, _, port = server.url.removeprefix("http://").partition(":")
    return socket.create_connection((host, int(port)), timeout=20)


def hear(line: socket.socket) -> tuple[int, str, dict[str, Any]]:
    """The status, our error and the body of what comes before the server hangs up."""
    heard = b""
    with suppress(ConnectionResetError):
        while part := line.recv(65_536):
            heard += part
    head, _, body = heard.partition(b"\r\n\r\n")
    error = next((it for it in head.decode().splitlines() if it.startswith("emulator-error: ")), "")
    return int(head.split()[1]), error.removeprefix("emulator-error: "), json.loads(body)


@pytest.mark.parametrize(
    ("sent", "status", "error"),
    [
        (b"GET /live/" + b"x" * 600 + b" HTTP/1.1\r\nhost: localhost\r\n\r\n", 414, "url-too-long"),
        (HEAD + b"x: " + b"y" * 2_100 + b"\r\n\r\n", 431, "head-too-large"),
        (HEAD + b"".join(b"x%d: y\r\n" % n for n in range(300)) + b"\r\n", 431, "head-too-large"),
        (HEAD + b"x: " + b"y" * 10_000, 431, "head-too-large"),
        (b"GET /" + b"x" * 10_000, 431, "head-too-large"),
        (STOP + b"content-length: 1001\r\n\r\n" + b"x" * 1001, 413, "body-too-large"),
        (
            STOP + b"transfer-encoding: chunked\r\n\r\n" + b"3e8\r\n" + b"x" * 1000 + b"\r\n1\r\nx\r\n0\r\n\r\n",
            413,
            "body-too-large",
        ),
        (HEAD, 408, "too-slow"),
        (b"", 408, "too-slow"),
        (STOP + b"content-length: 10\r\n\r\n{", 408, "too-slow"),
    ],
)
def test_what_is_too_much_or_too_slow_is_refused_by_name(server: ThreadedServer, sent: bytes, status: int, error: str) -> None:
    with closing(dial(server)) as line:
        line.sendall(sent)
        assert hear(line)[:2] == (status, error)


@pytest.mark.parametrize("path", ["/za/pay/batches", "/_emulator/worlds"])
def test_a_client_that_sends_far_too_much_hears_why_once_it_has_sent_it(server: ThreadedServer, path: str) -> None:
    request = urllib.request.Request(server.url + path, data=b"x" * 20_000_000, headers={"Authorization": "Bearer demo"})
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(request)
    assert refused.value.code == 413
    assert b"a body has at most" in refused.value.read()
    refused.value.close()


def test_more_connections_than_there_may_be_are_refused(server: ThreadedServer) -> None:
    lines = [dial(server) for _ in range(30)]
    try:
        heard = []
        for line in lines[-5:]:
            heard.append(hear(line)[:2])
        assert (503, "connections") in heard
    finally:
        for line in lines:
            line.close()


def test_a_client_that_hangs_up_in_the_middle_of_its_request_has_asked_nothing(server: ThreadedServer) -> None:
    before = httpx.get(f"{server.url}/_emulator/worlds/default/state").json()["6dot50"]
    with closing(dial(server)) as line:
        line.sendall(STOP + b"content-length: 10\r\n\r\n{")
        line.shutdown(socket.SHUT_RDWR)
    assert httpx.get(f"{server.url}/_emulator/worlds/default/state").json()["6dot50"] == before


@pytest.mark.parametrize(
    "sent",
    [
        b"\x16\x03\x01\x02\x00\x01",
        b"GET\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"GET /\xff HTTP/1.1\r\n\r\n",
        b"CONNECT x:1 HTTP/1.1\r\nhost: x\r\n\r\n",
    ],
)
def test_what_is_not_http_is_a_bad_request(server: ThreadedServer, sent: bytes) -> None:
    with closing(dial(server)) as line:
        line.sendall(sent)
        assert line.recv(65_536).startswith((b"HTTP/1.1 400", b"HTTP/1.1 404", b"HTTP/1.1 421"))


def test_pipelined_requests_are_answered_in_order(server: ThreadedServer) -> None:
    with closing(dial(server)) as line:
        line.sendall((HEAD + b"\r\n") * 3 + HEAD + b"connection: close\r\n\r\n")
        heard = b""
        while part := line.recv(65_536):
            heard += part
    assert heard.count(b"HTTP/1.1 200 OK") == 4


def test_there_are_no_more_worlds_than_there_may_be(server: ThreadedServer) -> None:
    made = [httpx.post(f"{server.url}/_emulator/worlds", json={}) for _ in range(4)]
    assert [reply.status_code for reply in made] == [201, 201, 429, 429]
    assert made[-1].headers["content-type"] == "application/problem+json"
    for reply in made[:2]:
        httpx.delete(f"{server.url}/_emulator/worlds/{reply.json()['id']}")


def test_a_world_holds_no_more_than_it_may_and_a_change_that_would_changes_nothing(server: ThreadedServer) -> None:
    before = httpx.get(f"{server.url}/_emulator/worlds/default/state").json()
    patch = {"serpwow": {"batches": [{"repeat": 300}]}}
    reply = httpx.patch(f"{server.url}/_emulator/worlds/default/state", json=patch)
    assert (reply.status_code, "400 resources" in reply.json()["detail"]) == (429, True)
    assert httpx.get(f"{server.url}/_emulator/worlds/default/state").json() == before


def test_what_is_remembered_of_requests_cannot_fill_the_world(server: ThreadedServer) -> None:
    job = "/v2/core/batch_jobs/batchv2_AbCdEfGhIjKlMnOpQrStUvWxYz/cancel"
    headers = {"Authorization": "Bearer sk_test_1", "Stripe-Version": "2026-03-25.preview"}
    with httpx.Client(base_url=server.url, headers=headers) as client:
        codes = {client.post(job, headers={"Idempotency-Key": str(number)}).status_code for number in range(420)}
        client.post("/_emulator/worlds/default/reset")
        assert client.post(job).status_code == 200
        client.post("/_emulator/worlds/default/reset")
    assert codes == {200, 429}


def test_the_journal_keeps_what_it_may_and_counts_the_rest(server: ThreadedServer) -> None:
    with httpx.Client(base_url=server.url) as client:
        client.post("/_emulator/worlds/default/reset")
        for _ in range(9):
            client.get("/live/account?api_key=k")
        journal = client.get("/_emulator/worlds/default/journal").json()
    assert (journal["last"], journal["dropped"], len(journal["entries"])) == (9, 4, 5)
    assert len(journal["entries"][0]["reply"]) == 64
