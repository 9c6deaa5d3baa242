"""Targets as people type them: plain UTF-8 in a path or a query means its percent-encoding, on both planes and in links."""

from __future__ import annotations

import json
import socket
import subprocess
from contextlib import closing
from typing import Any
from urllib.parse import quote

import pytest
from httptools import HttpRequestParser
from hypothesis import given
from hypothesis import strategies as st

from emulator.client.connections import ask
from emulator.server.app import create_app, worlds_of
from emulator.server.request_line import RequestLine
from emulator.web.requests import percent_encoded
from tests.support.server import Live, World

REST = b" HTTP/1.1\r\nhost: localhost\r\nx-name: \xd0\xba\r\n\r\n"
RUN = {"id": 1, "started_at": "2026-03-09T20:00:00Z", "ended_at": "2026-03-09T20:00:10Z"}


def load(live: Live) -> World:
    batches = [{"id": "кофе", "name": "кофе", "searches": 1, "result_sets": [RUN]}, {"id": "B", "name": "tea"}]
    return live.load({"clock": {"start": "2026-03-09T20:55:31Z"}, "given": {"serpwow": {"batches": batches}}})


def hear(live: Live, *requests: bytes) -> bytes:
    """Return all bytes of the server on one connection, until it closes that."""
    host, _, port = live.url.removeprefix("http://").partition(":")
    *others, last = requests
    with closing(socket.create_connection((host, int(port)), timeout=20)) as line:
        line.sendall(b"".join(others) + last.replace(b"\r\nhost", b"\r\nconnection: close\r\nhost", 1))
        data = b""
        while part := line.recv(65_536):
            data += part
    return data


def get(target: str) -> bytes:
    return b"GET " + target.encode() + REST


def body_of(data: bytes) -> Any:
    return json.loads(data.rpartition(b"\r\n\r\n")[2])


def test_a_query_is_read_as_it_was_typed(live: Live) -> None:
    world = load(live)
    target = f"/live/batches?api_key={world.serpwow['api_key']}&search_term=кофе"
    for request in (get(target), get(f"http://localhost{target}"), get(quote(target, safe="/?=&"))):
        assert body_of(hear(live, request))["total_count"] == 1
    assert {entry["target"].partition("&")[2] for entry in world.journal()} == {f"search_term={quote('кофе')}"}


def test_a_path_a_link_and_a_control_route_are_read_as_they_were_typed(live: Live) -> None:
    world = load(live)
    key = f"api_key={world.serpwow['api_key']}"
    assert body_of(hear(live, get(f"/live/batches/кофе?{key}")))["batch"]["id"] == "кофе"
    links = body_of(hear(live, get(f"/live/batches/кофе/results/1/csv?{key}&csv_fields=имя")))["result"]["download_links"]
    path = links["pages"][0].removeprefix(live.url)
    assert f"csv_fields={quote('имя')}" in path
    for path_typed in (path, path.replace(quote("имя"), "имя").replace(quote("кофе"), "кофе")):
        assert hear(live, get(path_typed)).endswith('\r\n\r\nимя\n""\n'.encode())
    assert "'кофе'" in body_of(hear(live, get("/_emulator/worlds/кофе")))["detail"]
    assert "'ж'" in body_of(hear(live, get(f"/_emulator/worlds/{world.id}/journal?limit=ж")))["detail"]


def test_a_credential_in_a_typed_query_is_not_shown(live: Live) -> None:
    world = load(live)
    hear(live, get(f"/live/account?api_key={world.serpwow['api_key']}&q=ключ"))
    assert world.serpwow["api_key"] not in json.dumps(world.journal())


@pytest.mark.parametrize(
    "target", [b"/live/batches?q=\xff", b"/live/batches?q=\xd0", b"/live/\xd0/stop", b"/_emulator/worlds?q=\xc0\x80"]
)
def test_a_target_that_is_no_utf_8_is_refused_with_the_reason(live: Live, target: bytes) -> None:
    data = hear(live, b"GET " + target + REST)
    assert data.startswith(b"HTTP/1.1 400 ")
    assert body_of(data)["message"] == "this is no request in HTTP/1.1: its target is neither percent-encoded nor in UTF-8"


def test_a_caller_without_a_socket_may_type_too() -> None:
    app = create_app(worlds_of([]))
    assert ask(app, "GET", "/live/batches?api_key=k&search_term=ж".encode()).status == 200
    assert ask(app, "GET", b"/live/batches?api_key=k&search_term=\xff").status == 400


def test_requests_that_curl_sends_one_after_the_other_are_all_read(live: Live) -> None:
    world = load(live)
    url = f"{world.serpwow['url']}/batches?api_key={world.serpwow['api_key']}&search_term=кофе"
    result = subprocess.run(["curl", "-sS", url, url], capture_output=True, check=True)
    assert result.stdout.count(b'"total_count":1') == 2


class Parser:
    """Record the calls of our server's parser for data in pieces of any size."""

    def __init__(self) -> None:
        self.urls: list[bytes] = []
        self.headers: list[bytes] = []
        self.body = b""
        self._line = RequestLine()
        self._parser = HttpRequestParser(self)

    def feed(self, data: bytes) -> bool:
        for piece in self._line.pieces(data):
            self._parser.feed_data(piece)
        return not self._line.is_broken

    def on_message_begin(self) -> None:
        self._line.begin()
        self.urls.append(b"")

    def on_url(self, url: bytes) -> None:
        self.urls[-1] += url

    def on_header(self, _name: bytes, value: bytes) -> None:
        self.headers.append(value)

    def on_headers_complete(self) -> None:
        self._line.end_head()

    def on_body(self, body: bytes) -> None:
        self.body += body

    def on_message_complete(self) -> None:
        self._line.end()


targets = st.text(st.characters(min_codepoint=0x21, exclude_characters="#?\x7f", exclude_categories=["Cs"]), max_size=6)


@given(st.lists(targets, min_size=1, max_size=4), st.lists(st.integers(1, 30), max_size=40), st.text(max_size=5))
def test_every_first_line_is_encoded_and_nothing_else_however_the_data_is_cut(
    path_typed: list[str], sizes: list[int], body: str
) -> None:
    paths = [f"/{target}?q={target}".encode() for target in path_typed]
    body_bytes = body.encode()
    data = b"\r\n".join(b"GET " + path + REST for path in paths)
    data += b"POST " + paths[0] + b" HTTP/1.1\r\ncontent-length: %d\r\nx: \xff\r\n\r\n" % len(body_bytes) + body_bytes
    parser = Parser()
    for size in [*sizes, len(data)]:
        piece, data = data[:size], data[size:]
        assert not piece or parser.feed(piece)
    assert parser.urls == [percent_encoded(path) for path in [*paths, paths[0]]]
    assert parser.headers.count(b"\xd0\xba") == len(paths)
    assert parser.body == body_bytes
