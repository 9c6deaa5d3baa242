"""Requests that RFC 9110 and RFC 9112 refuse, and a short round of the campaign that has h11 for a judge."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from contextlib import closing, suppress

import httpx
import pytest

from emulator.server.app import create_app, worlds_of
from emulator.server.server import ThreadedServer
from tests.attack.framing_campaign import campaign, framing, judge_stream
from tests.support.loading import LIBRARY
from tests.support.sockets import dial, hear, hear_statuses

ACCOUNT = b"GET /live/account?api_key=k HTTP/1.1\r\nhost: localhost\r\n"
CANCEL = b"POST /za/pay/batches HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer demo\r\n"
CHUNKS = b"\r\n\r\n2\r\n{}\r\n0\r\n\r\n"


@pytest.fixture(scope="module")
def server() -> Iterator[ThreadedServer]:
    with ThreadedServer(create_app(worlds_of([LIBRARY.get("first-run")]))) as server:
        yield server


def test_a_round_of_the_campaign_finds_nothing() -> None:
    framing(int(os.environ.get("FUZZ_SEED", "1")), 50)


def test_a_campaign_tells_how_the_line_and_h11_agreed() -> None:
    outcome = campaign(0.01, 1, examples=5)
    assert sum(outcome.verdicts.values()) >= 1
    assert outcome.findings == ()


LINE = b"GET / HTTP/1.1\r\n"
HOST = b"Host: localhost\r\n"


@pytest.mark.parametrize(
    ("stream", "verdict"),
    [
        (b"GET  / HTTP/1.1\r\n" + HOST + b"\r\n" + LINE + HOST + b"\r\n", "both refuse"),
        (LINE + HOST + b"\r\nGET  /  HTTP/1.1\r\n" + HOST + b"\r\n" + LINE + HOST + b"\r\n", "both refuse"),
        (LINE + HOST + b"Content-Length: 16\r\n\r\n" + LINE + b"GET  / HTTP/1.1\r\n" + HOST + b"\r\n", "both refuse"),
        (LINE + HOST + b"Content-Length: 17\r\n\r\nGET  / HTTP/1.1\r\n" + LINE + HOST + b"\r\n", "the same"),
        (ACCOUNT + b"\r\n", "the same"),
        (ACCOUNT + b"x: y\t \t\r\n\r\n", "the same"),
        (CANCEL + b"transfer-encoding: chunked" + CHUNKS[:-2] + b"connection: close\r\n\r\n", "the same"),
        (ACCOUNT + b"transfer-encoding: gzip, chunked" + CHUNKS, "both refuse"),
        (ACCOUNT.replace(b"HTTP/1.1", b"HTTP/2.0") + b"\r\n", "stricter"),
        (ACCOUNT.replace(b" HTTP", b"  HTTP") + b"\r\n", "both refuse"),
        (b"\n" + ACCOUNT + b"\r\n", "milder"),
    ],
)
def test_a_stream_is_read_as_h11_reads_it_or_by_a_rule(stream: bytes, verdict: str) -> None:
    assert judge_stream(stream, [1, 30, 60]) == verdict


@pytest.mark.parametrize(
    ("data", "status", "error"),
    [
        (ACCOUNT.replace(b"HTTP/1.1", b"HTTP/2.0") + b"\r\n", 505, "http-version"),
        (ACCOUNT.replace(b"HTTP/1.1", b"HTTP/1.2") + b"\r\n", 505, "http-version"),
        (ACCOUNT.replace(b"HTTP/1.1", b"HTTP/0.9") + b"\r\n", 505, "http-version"),
        (b"GET /live/account?api_key=k\r\n\r\n", 505, "http-version"),
        (ACCOUNT.replace(b"HTTP/1.1", b"RTSP/1.0") + b"\r\n", 400, "bad-request"),
        (ACCOUNT.replace(b"GET /", b"GET  /") + b"\r\n", 400, "bad-request"),
        (ACCOUNT.replace(b" HTTP", b"  HTTP") + b"\r\n", 400, "bad-request"),
        (ACCOUNT.replace(b"=k", b"=k#x") + b"\r\n", 400, "bad-request"),
        (b"GET * HTTP/1.1\r\nhost: localhost\r\n\r\n", 400, "bad-request"),
        (b"GET http:///live HTTP/1.1\r\nhost: localhost\r\n\r\n", 400, "bad-request"),
        (b"GET http://u:p@localhost/ HTTP/1.1\r\nhost: localhost\r\n\r\n", 400, "bad-request"),
        (b"GET ftp://localhost/ HTTP/1.1\r\nhost: localhost\r\n\r\n", 400, "bad-request"),
        (b"GET http://evil.example/ HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n", 421, "host-not-allowed"),
        (b"GET http://localhost/ HTTP/1.1\r\nconnection: close\r\n\r\n", 400, "no-host"),
        (ACCOUNT + b"transfer-encoding: gzip, chunked" + CHUNKS, 501, "transfer-coding"),
        (ACCOUNT + b"transfer-encoding: gzip\r\ntransfer-encoding: chunked" + CHUNKS, 501, "transfer-coding"),
        (ACCOUNT + b"connection: upgrade\r\nupgrade: h2c\r\ntransfer-encoding: x, chunked" + CHUNKS, 501, "transfer-coding"),
        (ACCOUNT + b"transfer-encoding: ,chunked" + CHUNKS, 400, "bad-request"),
        (ACCOUNT.replace(b"HTTP/1.1", b"HTTP/1.0") + b"transfer-encoding: chunked" + CHUNKS, 400, "bad-request"),
        (CANCEL + b"expect: 200-ok\r\ncontent-length: 2\r\n\r\n", 417, "expectation"),
        (CANCEL + b"expect: 100-continue, x\r\ncontent-length: 2\r\n\r\n", 417, "expectation"),
        (ACCOUNT + b"x:\r\n" * 300 + b"\r\n", 431, "head-too-large"),
    ],
)
def test_what_rfc_9112_refuses_is_refused_also_in_single_bytes(
    server: ThreadedServer, data: bytes, status: int, error: str
) -> None:
    for pieces in ([data], [data[n : n + 1] for n in range(len(data))]):
        with closing(dial(server)) as line:
            line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            try:
                for piece in pieces:
                    line.sendall(piece)
            except ConnectionError:
                pass  # it is refused already
            assert hear(line)[:2] == (status, error)


def test_the_host_of_an_absolute_target_goes_before_the_header(server: ThreadedServer) -> None:
    with closing(dial(server)) as line:
        line.sendall(b"GET HTTP://localhost/live/account?api_key=k HTTP/1.1\r\nhost: evil.example\r\nconnection: close\r\n\r\n")
        assert hear(line)[0] == 200


def test_who_is_refused_hears_why_though_it_goes_on_sending(server: ThreadedServer) -> None:
    with closing(dial(server)) as line:
        line.sendall(b"nonsense\r\n\r\n" + b"x" * 200_000)
        assert hear(line)[:2] == (400, "bad-request")


UNSENT = [
    ("/za/pay/batches", "authorization: Bearer demo\r\ncontent-length: 2000000000\r\n", 413),
    ("/za/pay/batches", "content-length: 2\r\n", 401),
    ("/za/pay/batches", "emulator-world: nowhere\r\ncontent-length: 2\r\n", 404),
    ("/nothing", "content-length: 2\r\n", 404),
    ("/_emulator/worlds", "content-length: 2000000000\r\n", 413),
    ("/_emulator/worlds/nowhere/reset", "content-length: 2\r\n", 404),
    ("/_emulator/nothing", "content-length: 2\r\n", 404),
    ("/_emulator/worlds?typo=1", "content-length: 2\r\n", 422),
    ("/za/pay/batches", "host: evil.example\r\ncontent-length: 2\r\n", 400),
]


@pytest.mark.parametrize(("path", "headers", "status"), UNSENT)
def test_what_will_be_refused_is_not_asked_for(server: ThreadedServer, path: str, headers: str, status: int) -> None:
    head = f"POST {path} HTTP/1.1\r\nhost: localhost\r\nexpect: 100-continue\r\n{headers}\r\n"
    with closing(dial(server)) as line:
        line.sendall(head.encode())
        data = b""
        while part := line.recv(65_536):
            data += part
    assert data.startswith(b"HTTP/1.1 %d " % status)
    assert b"\r\nconnection: close" in data.partition(b"\r\n\r\n")[0]


def test_who_is_asked_for_a_body_keeps_the_connection(server: ThreadedServer) -> None:
    with closing(dial(server)) as line:
        for _ in range(2):
            line.sendall(CANCEL + b"expect: 100-continue\r\ncontent-length: 2\r\n\r\n")
            assert line.recv(65_536).startswith(b"HTTP/1.1 100 ")
            line.sendall(b"{}")
            assert hear_statuses(line, 1) == [400]


@pytest.mark.parametrize("version", ["HTTP/1.0", "HTTP/1.1"])
def test_nobody_is_asked_for_a_body_in_vain(server: ThreadedServer, version: str) -> None:
    body = "content-length: 2\r\n" if version == "HTTP/1.0" else ""
    head = f"POST /za/pay/batches {version}\r\nhost: localhost\r\nexpect: 100-continue\r\nconnection: close\r\n{body}\r\n"
    with closing(dial(server)) as line:
        line.sendall(head.encode() + b"{}" * bool(body))
        assert hear_statuses(line, 2) == [401]


def test_a_request_after_trailers_that_close_is_not_left_without_a_word(server: ThreadedServer) -> None:
    with closing(dial(server)) as line:
        line.sendall(CANCEL + b"transfer-encoding: chunked\r\n\r\n0\r\nconnection: close\r\n\r\n" + ACCOUNT + b"\r\n")
        data = b""
        while part := line.recv(65_536):
            data += part
    assert data.count(b"HTTP/1.1 ") == 1
    assert b"\r\nconnection: close\r\n" in data


CREATE = b"POST /live/batches?api_key=k HTTP/1.1\r\nhost: localhost\r\ntransfer-encoding: chunked\r\nconnection: close\r\n\r\n"


@pytest.mark.parametrize(
    ("chunk", "count", "status"),
    [(b"1\r\n \r\n", 50_000, 200), (b"1;a=b\r\n \r\n", 50_000, 200), (b"1;%b\r\n \r\n" % (b"e" * 50_000), 10, 431)],
    ids=["one byte", "a short extension", "a long extension"],
)
def test_the_extensions_of_all_chunks_of_a_body_count_together(
    server: ThreadedServer, chunk: bytes, count: int, status: int
) -> None:
    with closing(dial(server)) as line:
        line.sendall(CREATE)
        with suppress(ConnectionError):  # who is refused may be hung up on
            for _ in range(count if status != 200 else 1):
                line.sendall(chunk if status != 200 else chunk * count)
            line.sendall(b'd\r\n{"name": "n"}\r\n0\r\n\r\n')
        assert hear_statuses(line, 1) == [status]


def test_the_server_still_answers(server: ThreadedServer) -> None:
    assert httpx.get(f"{server.url}/_emulator/ready").status_code == 200
