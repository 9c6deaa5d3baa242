"""What no client can do to the server over a socket: send too much, too slowly, or hang up and have asked."""

from __future__ import annotations

import logging
import socket
import struct
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from threading import Thread
from typing import Any

import httpx
import pytest

from emulator.client.transport import InProcess
from emulator.kernel.limits import Limits
from emulator.server.app import create_app, worlds_of
from emulator.server.server import ThreadedServer
from emulator.server.transports import CoalescingTransport
from emulator.vendors import VENDORS
from tests.support.loading import LIBRARY, load_value
from tests.support.sockets import STATUS_LINE, dial, hear, hear_statuses, overheard
from tests.support.waiting import wait_until

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
    worlds = worlds_of([LIBRARY.get("first-run")], limits=LIMITS)
    with ThreadedServer(create_app(worlds, limits=LIMITS), limits=LIMITS) as server:
        yield server


@contextmanager
def slow_account(server: ThreadedServer, delay: str) -> Iterator[None]:
    """While this lasts, the account is told only after so long."""
    faults = f"{server.url}/_emulator/worlds/default/faults"
    fault = {"at": "serpwow.account.get", "where": "before-commit", "do": "delay", "delay": delay, "clock": "real", "times": 1}
    httpx.post(faults, json=fault).raise_for_status()
    try:
        yield
    finally:
        httpx.delete(faults)


@pytest.mark.parametrize(
    ("data", "status", "error"),
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
        (STOP + b"content-length: 10\r\n\r\n{", 408, "too-slow"),
    ],
)
def test_what_is_too_much_or_too_slow_is_refused_by_name(server: ThreadedServer, data: bytes, status: int, error: str) -> None:
    with closing(dial(server)) as line:
        line.sendall(data)
        assert hear(line)[:2] == (status, error)


@pytest.mark.parametrize("path", ["/za/pay/batches", "/_emulator/worlds"])
def test_a_client_that_sends_far_too_much_hears_why_once_it_has_sent_it(server: ThreadedServer, path: str) -> None:
    request = urllib.request.Request(server.url + path, data=b"x" * 20_000_000, headers={"Authorization": "Bearer demo"})
    with pytest.raises(urllib.error.HTTPError) as excinfo:
        urllib.request.urlopen(request)
    assert excinfo.value.code == 413
    assert b"a body has at most" in excinfo.value.read()
    excinfo.value.close()


def test_a_client_that_hangs_up_in_the_middle_of_its_request_has_asked_nothing(server: ThreadedServer) -> None:
    before = httpx.get(f"{server.url}/_emulator/worlds/default/state").json()["6dot50"]
    with closing(dial(server)) as line:
        line.sendall(STOP + b"content-length: 10\r\n\r\n{")
        line.shutdown(socket.SHUT_RDWR)
    assert httpx.get(f"{server.url}/_emulator/worlds/default/state").json()["6dot50"] == before


@pytest.mark.parametrize(
    ("data", "status", "error"),
    [
        (b"\x16\x03\x01\x02\x00\x01", 400, "bad-request"),
        (b"GET\r\n\r\n", 400, "bad-request"),
        (b"GET / HTTP/9.9\r\n\r\n", 505, "http-version"),
        (b"GET /\xff HTTP/1.1\r\n\r\n", 400, "bad-request"),
        (b"FOO / HTTP/1.1\r\n\r\n", 400, "bad-request"),
        (b"GET x:y:z HTTP/1.1\r\n\r\n", 400, "bad-request"),
        (b"GET http://a:b/ HTTP/1.1\r\n\r\n", 400, "bad-request"),
        (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505, "http-version"),
        (STOP + b"content-length: +2\r\n\r\n{}", 400, "bad-request"),
        (STOP + b"content-length: 2\r\ntransfer-encoding: chunked\r\n\r\n", 400, "bad-request"),
        (b"CONNECT x:1 HTTP/1.1\r\nhost: x\r\n\r\n", 501, "no-tunnel"),
        (b"CONNECT x:1 HTTP/1.1\r\nhost: x\r\n\r\n" + HEAD + b"\r\n", 501, "no-tunnel"),
        (b"CONNECT / HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: h2c\r\n\r\n", 501, "no-tunnel"),
    ],
)
def test_what_is_not_http_is_refused_in_our_own_name(server: ThreadedServer, data: bytes, status: int, error: str) -> None:
    with closing(dial(server)) as line:
        line.sendall(data)
        assert hear(line)[:2] == (status, error)


@pytest.mark.parametrize("target", [b"http://localhost", b"http://localhost?x=1", b"http://localhost/?x=1", b"/?x=1"])
def test_a_target_that_names_no_path_means_the_root(server: ThreadedServer, target: bytes) -> None:
    with closing(dial(server)) as line:
        line.sendall(b"DELETE " + target + b" HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n")
        status, error, body = hear(line)
    assert (status, error, body["message"].partition(";")[0]) == (404, "no-such-path", "no vendor has the path /")


OFFERS = [b"h2c\r\nhttp2-settings: AAMAAABkAAQAAP__", b"websocket\r\nsec-websocket-key: x", b"TLS/1.0"]
PATCH = b"PATCH /_emulator/worlds/default/state HTTP/1.1\r\nhost: localhost\r\n"
CREDITS = b'{"serpwow": {"account": {"credits_used": 777}}}'


def offering(offer: bytes, body: bytes, is_chunked: bool) -> bytes:
    """A request with a body that offers to go on in another protocol."""
    head = PATCH + b"connection: Upgrade, HTTP2-Settings\r\nupgrade: " + offer + b"\r\n"
    if is_chunked:
        return head + b"transfer-encoding: chunked\r\n\r\n%x\r\n%s\r\n0\r\n\r\n" % (len(body), body)
    return head + b"content-length: %d\r\n\r\n" % len(body) + body


@pytest.mark.parametrize("apart", [0, 1, 200, 300], ids=["at once", "after a byte", "within the head", "within the body"])
@pytest.mark.parametrize("is_chunked", [False, True], ids=["counted", "chunked"])
@pytest.mark.parametrize("offer", OFFERS, ids=["h2c", "websocket", "tls"])
def test_an_offer_of_another_protocol_is_not_taken_up_and_the_request_answered(
    caplog: pytest.LogCaptureFixture, offer: bytes, is_chunked: bool, apart: int
) -> None:
    stream = offering(offer, CREDITS, is_chunked) + offering(offer, b"[]", not is_chunked) + HEAD + b"connection: close\r\n\r\n"
    with overheard(caplog) as server, closing(dial(server)) as line:
        line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for part in filter(None, (stream[:apart], stream[apart:])):
            line.sendall(part)
            httpx.get(f"{server.url}/_emulator/health")  # answered once the part has been heard
        data = b""
        while part := line.recv(65_536):
            data += part
    assert [int(reply[:3]) for reply in data.split(STATUS_LINE)[1:]] == [200, 422, 200]
    assert b'"credits_used":777' in data
    assert caplog.text == ""


def test_a_body_is_not_taken_for_a_request_where_another_protocol_is_offered(server: ThreadedServer) -> None:
    request = b"POST /_emulator/worlds/default/reset HTTP/1.1\r\nhost: localhost\r\n\r\n"
    with closing(dial(server)) as line:
        line.sendall(offering(b"h2c", request, False) + HEAD + b"connection: close\r\n\r\n")
        assert hear_statuses(line, 3) == [422, 200]


def test_a_thousand_offers_in_one_piece_are_each_answered() -> None:
    with ThreadedServer(create_app(worlds_of([]))) as server, closing(dial(server)) as line:
        sending = Thread(target=line.sendall, args=(offering(b"h2c", b"{}", False) * 1_000,))
        sending.start()
        assert hear_statuses(line, 1_000) == [200] * 1_000
        sending.join()


@pytest.mark.parametrize(
    ("data", "status", "error"),
    [
        (b"x: " + b"y" * 2_100, 431, "head-too-large"),
        (b"x: y\r\n" * 400, 431, "head-too-large"),
        (b"content-length: 1001\r\n\r\n" + b"x" * 1001, 413, "body-too-large"),
        (b"content-length: 10\r\n\r\n{", 408, "too-slow"),
    ],
)
def test_what_offers_another_protocol_is_bounded_as_well(server: ThreadedServer, data: bytes, status: int, error: str) -> None:
    with closing(dial(server)) as line:
        line.sendall(STOP + b"connection: upgrade\r\nupgrade: h2c\r\n" + data + b"\r\n\r\n" * (status == 431))
        assert hear(line)[:2] == (status, error)


def test_pipelined_requests_are_answered_in_order(server: ThreadedServer) -> None:
    with closing(dial(server)) as line:
        line.sendall((HEAD + b"\r\n") * 3 + HEAD + b"connection: close\r\n\r\n")
        data = b""
        while part := line.recv(65_536):
            data += part
    assert data.count(b"HTTP/1.1 200 OK") == 4


@pytest.mark.parametrize(
    ("path", "status"),
    [(b"/_emulator/health", 200), (b"/_emulator/nothing", 404), (b"/live/account?api_key=k", 404), (b"/nothing", 404)],
)
def test_who_asks_for_a_head_alone_has_it_at_once_also_kept_alive_and_pipelined(
    server: ThreadedServer, path: bytes, status: int
) -> None:
    with closing(dial(server)) as line:
        line.settimeout(3)  # the line is kept for longer
        for count in (1, 2):
            line.sendall((b"HEAD " + path + b" HTTP/1.1\r\nhost: localhost\r\n\r\n") * count)
            assert hear_statuses(line, count) == [status] * count


class Written:
    """A transport that only notes what is written."""

    def __init__(self, closing: bool = False) -> None:
        self.writes: list[bytes] = []
        self.write = self.writes.append
        self.is_closing = lambda: closing

    def __getattr__(self, name: str) -> Any:
        return lambda: False


@pytest.mark.parametrize(
    ("chunks", "writes"),
    [
        ([b"HTTP/1.1 200 OK\r\n\r\n", b"body"], [b"HTTP/1.1 200 OK\r\n\r\nbody"]),
        ([b"HTTP/1.1 204 No Content\r\n\r\n", b""], [b"HTTP/1.1 204 No Content\r\n\r\n"]),
        ([b"HTTP/1.1 100 Continue\r\n\r\n"], [b"HTTP/1.1 100 Continue\r\n\r\n"]),
    ],
)
def test_a_reply_is_one_write(chunks: list[bytes], writes: list[bytes]) -> None:
    transport = Written()
    line = CoalescingTransport(transport)
    for part in chunks:
        line.write(part)
    assert transport.writes == writes


def test_to_a_client_that_is_gone_nothing_is_written() -> None:
    transport = Written(closing=True)
    line = CoalescingTransport(transport)
    line.write(b"HTTP/1.1 200 OK\r\n\r\n")
    line.write(b"body")
    assert transport.writes == []


def test_however_many_requests_are_pipelined_all_are_answered() -> None:
    with ThreadedServer(create_app(worlds_of([]))) as server, closing(dial(server)) as line:
        sending = Thread(target=line.sendall, args=(LONG * 1_000,))
        sending.start()
        assert hear_statuses(line, 1_000) == [200] * 1_000
        sending.join()


CHUNKED = STOP + b"transfer-encoding: chunked\r\n"
LAST = b"0\r\n"
"""The last chunk, after which trailers come."""


@pytest.mark.parametrize("at_once", [True, False])
@pytest.mark.parametrize(
    "trailer", [b"emulator-world: nowhere", b"host: attacker.example", b"authorization: Bearer sk_live_51Habcdef", b"expect: x"]
)
def test_what_comes_after_the_body_is_no_part_of_the_head(server: ThreadedServer, trailer: bytes, at_once: bool) -> None:
    httpx.post(f"{server.url}/_emulator/worlds/default/reset")
    with closing(dial(server)) as line:
        head = CHUNKED + b"connection: close\r\n"
        if not at_once:
            line.sendall(head + b"expect: 100-continue\r\n\r\n")
            assert line.recv(65_536).startswith(b"HTTP/1.1 100")
        line.sendall((head + b"\r\n" if at_once else b"") + LAST + trailer + b"\r\n\r\n")
        assert hear(line)[:2] == (200, "")


@pytest.mark.parametrize(
    ("trailers", "at_once"),
    [
        (b"x: " + b"y" * 2_100 + b"\r\n\r\n", True),
        (b"x: " + b"y" * 2_100 + b"\r\n\r\n", False),
        (b"x: y\r\n" * 400 + b"\r\n", True),
        (b"x: y\r\n" * 400 + b"\r\n", False),
        (b"x: " + b"y" * 10_000, False),
        (b"x: y\r\n" * 100_000, False),
    ],
)
def test_there_is_no_more_after_the_body_than_may_be_before_it(server: ThreadedServer, trailers: bytes, at_once: bool) -> None:
    with closing(dial(server)) as line:
        if not at_once:
            line.sendall(CHUNKED + b"expect: 100-continue\r\n\r\n")
            assert line.recv(65_536).startswith(b"HTTP/1.1 100")
        with suppress(ConnectionError):
            line.sendall((CHUNKED + b"\r\n" if at_once else b"") + LAST + trailers)
        assert hear_statuses(line, 1) in ([431], [])  # hung up upon, the reply may be lost to who is still sending


LARGE = b'{"by": "0s"}' + b" " * 5_000
ADVANCE = b"POST /_emulator/worlds/default/clock/advance HTTP/1.1\r\nhost: localhost\r\ncontent-length: %d\r\n\r\n" % len(LARGE)
LONG = HEAD + b"x: " + b"y" * 1_500 + b"\r\n\r\n"


@pytest.mark.parametrize(
    ("first", "answers"), [(ADVANCE + LARGE + LONG[:900], 1), (LONG * 59 + LONG[:900], 59), (LONG * 2 + LONG[:900], 2)]
)
def test_the_bytes_of_one_request_do_not_count_for_the_next(server: ThreadedServer, first: bytes, answers: int) -> None:
    with closing(dial(server)) as line:
        line.sendall(first)
        assert hear_statuses(line, answers) == [200] * answers
        line.sendall(LONG[900:])
        assert hear_statuses(line, 1) == [200]


def test_who_waits_for_an_answer_is_not_slow_with_the_next_request(server: ThreadedServer) -> None:
    with slow_account(server, "2200ms"), closing(dial(server)) as line:
        line.sendall(HEAD + b"\r\n" + HEAD)
        assert hear_statuses(line, 1) == [200]


@pytest.mark.parametrize(
    ("bad", "status"),
    [
        (HEAD + b"x: " + b"y" * 2_100 + b"\r\n\r\n", 431),
        (b"GET /live/" + b"x" * 600 + b" HTTP/1.1\r\n\r\n", 414),
        (b"nonsense\r\n\r\n", 400),
        (CHUNKED + b"\r\nnonsense\r\n", 400),
        (CHUNKED + b"\r\n" + LAST + b"x: " + b"y" * 2_100 + b"\r\n\r\n", 431),
    ],
)
def test_an_answer_that_is_owed_goes_out_before_the_next_request_is_refused(
    server: ThreadedServer, bad: bytes, status: int
) -> None:
    httpx.post(f"{server.url}/_emulator/worlds/default/reset")
    with slow_account(server, "200ms"), closing(dial(server)) as line:
        line.sendall(HEAD + b"\r\n" + bad)
        assert hear_statuses(line, 3) == [200, status]


def test_a_request_that_was_answered_before_its_end_has_no_second_answer(server: ThreadedServer) -> None:
    head = b"POST /_emulator/nothing HTTP/1.1\r\nhost: localhost\r\ntransfer-encoding: chunked\r\n\r\n"
    with closing(dial(server)) as line:
        line.sendall(head)
        assert hear_statuses(line, 1) == [404]
        line.sendall(b"nonsense\r\n")
        assert hear_statuses(line, 1) == []


@pytest.mark.parametrize("delay", ["5m", "100ms"])
@pytest.mark.parametrize("gives_up", [True, False])
def test_a_delay_that_outlasts_the_client_or_the_server_is_no_failure(
    caplog: pytest.LogCaptureFixture, gives_up: bool, delay: str
) -> None:
    with overheard(caplog) as server, closing(dial(server)) as line:
        faults = f"{server.url}/_emulator/worlds/default/faults"
        fault = {"at": "*", "where": "before-auth", "do": "delay", "delay": delay, "clock": "real", "times": 1}
        id = httpx.post(faults, json=fault).json()["id"]
        line.sendall((HEAD + b"\r\n") * 3)
        wait_until(lambda: httpx.get(f"{faults}/{id}").json()["struck"])
        if gives_up:
            line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            line.close()
    assert "Exception" not in caplog.text


def test_a_mistake_of_ours_in_steering_says_that_the_line_is_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    worlds = worlds_of([])
    monkeypatch.setattr(worlds.default, "snapshots", None)
    with ThreadedServer(create_app(worlds)) as server:
        reply = httpx.get(f"{server.url}/_emulator/worlds/default/snapshots")
    answer = reply.status_code, reply.headers["emulator-error"], reply.headers["connection"]
    assert answer == (500, "internal", "close")


def test_a_client_that_hangs_up_in_the_middle_of_steering_has_asked_nothing_and_is_not_logged(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with overheard(caplog) as server:
        with closing(dial(server)) as line:
            head = b"POST /_emulator/worlds HTTP/1.1\r\nhost: localhost\r\nexpect: 100-continue\r\ncontent-length: 10\r\n\r\n"
            line.sendall(head)
            assert line.recv(65_536).startswith(b"HTTP/1.1 100")
            line.sendall(b"{")
        worlds = httpx.get(f"{server.url}/_emulator/worlds").json()["worlds"]
    assert (len(worlds), caplog.text) == (1, "")


def test_the_log_files_of_the_process_are_written_on(tmp_path: Path) -> None:
    log, handler = logging.getLogger("somebody-elses"), logging.FileHandler(tmp_path / "log", "w")
    log.addHandler(handler)
    try:
        with ThreadedServer(create_app(worlds_of([]))):
            log.warning("still here")
        assert (tmp_path / "log").read_text() == "still here\n"
    finally:
        log.removeHandler(handler)
        handler.close()


def test_a_server_that_does_not_come_up_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    async def fail(*_: Any, **__: Any) -> None:
        raise OSError(24, "Too many open files")

    monkeypatch.setattr("uvicorn.Server.startup", fail)
    with pytest.raises(OSError, match="Too many open files"), ThreadedServer(create_app(worlds_of([]))):
        pass


def test_there_are_no_more_worlds_than_there_may_be(server: ThreadedServer) -> None:
    responses = [httpx.post(f"{server.url}/_emulator/worlds", json={}) for _ in range(4)]
    assert [reply.status_code for reply in responses] == [201, 201, 429, 429]
    assert responses[-1].headers["content-type"] == "application/problem+json"
    for reply in responses[:2]:
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


def test_of_a_reply_that_was_cut_the_journal_shows_no_credential_either(server: ThreadedServer) -> None:
    with httpx.Client(base_url=server.url) as client:
        client.post("/_emulator/worlds/default/reset")
        response = client.post("/za/pay/authentication/getToken", json={"key": "k", "secret": "s"})
        (entry,) = client.get("/_emulator/worlds/default/journal").json()["entries"]
    token = response.json()["token"]
    assert entry["reply"] == f'{{"success":true,"token":"{token[:4]}…'


@pytest.mark.parametrize("fault", [None, {"at": "*", "where": "after-reply", "do": "drop"}], ids=["whole", "then dropped"])
@pytest.mark.parametrize(("status", "length"), [(204, None), (304, None), (205, "0"), (200, "0")])
def test_a_reply_that_has_no_body_has_no_length_where_http_forbids_it(
    fault: dict[str, Any] | None, status: int, length: str | None
) -> None:
    replies = [{"at": "serpwow.account.get", "status": status}]
    scenario = load_value({"title": "A test", "replies": replies, "faults": [fault] if fault else []}, VENDORS)
    app = create_app(worlds_of([scenario]))
    with ThreadedServer(app) as server, httpx.Client(base_url=server.url) as over_a_socket:
        within = httpx.Client(transport=InProcess(app), base_url="http://localhost")
        for client in (over_a_socket, within):
            for _ in range(1 if fault else 2):
                reply = client.get("/live/account?api_key=k")
                answer = (
                    reply.status_code,
                    reply.content,
                    reply.headers.get("content-length"),
                    "transfer-encoding" in reply.headers,
                )
                assert answer == (status, b"", length, False)
