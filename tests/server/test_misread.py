"""What is sent in another form than is read here is named as what it is: compressed bodies, encoded paths, TLS and plain HTTP."""

from __future__ import annotations

import gzip
import json
import socket
import ssl
import zlib
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import pytest

from emulator.client.transport import InProcess
from emulator.server.app import create_app, worlds_of
from emulator.server.server import ThreadedServer
from emulator.server.tls import NoAuthority, Tls
from emulator.web.requests import content_coding, with_plain_letters
from tests.support.loading import LIBRARY
from tests.support.sockets import dial, hear, overheard

STRIPE = {"Authorization": "Bearer sk_test_1", "Stripe-Version": "2026-03-25.preview"}
JOB = {
    "endpoint": {"http_method": "post", "path": "/v1/customers/:id"},
    "skip_validation": True,
    "metadata": {},
    "maximum_rps": 10,
}
EXPLAIN = "/_emulator/worlds/default/journal/last/explain"


@pytest.fixture
def client() -> Iterator[httpx.Client]:
    app = create_app(worlds_of([LIBRARY.get("first-run")]))
    with httpx.Client(transport=InProcess(app), base_url="http://127.0.0.1:8080") as client:
        yield client


@pytest.mark.parametrize(
    ("path", "headers", "value"),
    [
        ("/v2/core/batch_jobs", STRIPE, JOB),
        ("/live/batches?api_key=demo", {}, {"name": "x"}),
        ("/za/pay/authentication/getToken", {}, {"key": "k", "secret": "s"}),
        ("/za/pay/batches", {"Authorization": "Bearer demo"}, {"name": "x"}),
    ],
)
@pytest.mark.parametrize(
    ("coding", "compress"), [("gzip", gzip.compress), ("GZIP", gzip.compress), ("deflate", zlib.compress), ("", gzip.compress)]
)
def test_a_compressed_body_is_named_as_the_cause(
    client: httpx.Client, path: str, headers: dict[str, str], value: Any, coding: str, compress: Any
) -> None:
    coding_header = {"Content-Encoding": coding} if coding else {}
    body = json.dumps(value).encode()
    response = client.post(
        path, content=compress(body), headers={"Content-Type": "application/json", **headers, **coding_header}
    )
    text = client.get(EXPLAIN).json()["text"]
    assert response.status_code >= 400
    assert response.headers["emulator-error"] == "compressed-body"
    assert f"the body is compressed (Content-Encoding: {coding.lower() or 'gzip'})" in text
    plain = client.post(
        path, content=body, headers={"Content-Type": "application/json", **headers, "Content-Encoding": "identity"}
    )
    assert plain.headers.get("emulator-error") is None


def test_a_compressed_body_is_no_cause_of_what_a_fault_does(client: httpx.Client) -> None:
    fault = {"at": "serpwow.batches.create", "where": "before-commit", "do": "status", "status": 503}
    client.post("/_emulator/worlds/default/faults", json=fault)
    response = client.post("/live/batches?api_key=demo", content=gzip.compress(b"{}"), headers={"Content-Encoding": "gzip"})
    assert (response.status_code, "emulator-error" in response.headers) == (503, False)


@pytest.mark.parametrize("coding", ["gzip", "br", None])
def test_the_control_plane_refuses_a_compressed_body_by_name(client: httpx.Client, coding: str | None) -> None:
    headers = {"Content-Encoding": coding} if coding else {}
    response = client.patch("/_emulator/worlds/default/state", content=gzip.compress(b"{}"), headers=headers)
    assert (response.status_code, response.headers["accept-encoding"]) == (415, "identity")
    assert f"Content-Encoding: {coding or 'gzip'}" in response.json()["detail"]


@pytest.mark.parametrize(
    ("headers", "body", "coding"),
    [
        ([(b"content-encoding", b"gzip"), (b"content-length", b"0")], b"", None),
        ([(b"content-encoding", b"gzip")], b"", None),
        ([(b"content-encoding", b"gzip"), (b"content-length", b"9")], b"", "gzip"),
        ([(b"content-encoding", b"zstd"), (b"transfer-encoding", b"chunked")], b"", "zstd"),
        ([(b"content-encoding", b"Identity"), (b"content-length", b"2")], b"{}", None),
        ([(b"content-length", b"2")], b"\x1f\x8b", "gzip"),
        ([], b"{}", None),
    ],
)
def test_a_body_that_is_not_there_is_not_compressed(headers: Any, body: bytes, coding: str | None) -> None:
    assert content_coding(headers, body) == coding


@pytest.mark.parametrize(
    ("path", "plain"),
    [
        ("/v2/core/batch%5Fjobs", "/v2/core/batch_jobs"),
        ("/%5f%66iles/%7Ex%2D%2e", "/_files/~x-."),
        ("/%61%7A%41%5A%30%39", "/azAZ09"),
        ("/a%2Fb%2fc%20%25%3F%23%C3%A9", "/a%2Fb%2fc%20%25%3F%23%C3%A9"),
        ("/%255F", "/%255F"),
        ("/%5", "/%5"),
        ("/%zz", "/%zz"),
    ],
)
def test_only_needless_percent_encoding_is_undone(path: str, plain: str) -> None:
    assert with_plain_letters(path) == plain


@pytest.mark.parametrize(
    ("method", "plain", "encoded_path", "headers"),
    [
        ("GET", "/live/account?api_key=demo", "/l%69ve/%61ccount?api_key=demo", {}),
        ("GET", "/live/batches/2A6F94BB/stop?api_key=demo", "/live/batches/%32A6F94BB/st%6Fp?api_key=demo", {}),
        ("GET", "/v2/core/batch_jobs/batchv2_x", "/v2/core/batch%5Fjobs/batchv2%5Fx", STRIPE),
        ("GET", "/v2/core/event_destinations", "/%762/core/event%5Fdestinations", STRIPE),
        ("POST", "/za/pay/authentication/getToken", "/za/pay/authentication/get%54oken", {}),
        ("GET", "/za/pay/batches/statusCodes", "/za/pay/b%61tches/statusCodes", {"Authorization": "Bearer demo"}),
        ("GET", "/_files/stripe/default/results/x", "/%5Ffiles/stripe/default/results/x", {}),
        ("GET", "/nothing", "/n%6Fthing", {}),
    ],
)
def test_encoded_letters_of_a_path_are_the_same_letters(
    client: httpx.Client, method: str, plain: str, encoded_path: str, headers: dict[str, str]
) -> None:
    replies = []
    for path in (plain, encoded_path):
        client.post("/_emulator/worlds/default/reset")
        target = httpx.URL("http://127.0.0.1:8080").copy_with(raw_path=path.encode())
        replies.append(client.request(method, target, headers=headers))
    first, second = replies
    assert (second.status_code, second.content) == (first.status_code, first.content)


@pytest.mark.parametrize(
    "data",
    [
        b"\x16\x03\x01\x02\x00\x01\x00",
        b"\x16\x03",
        b"\x16",
        b"\x15\x03\x01\x00\x02\x02\x28",
        b"\x80\x2e\x01\x03\x01\x00\x15",
        b"\x80\n\x01\x03\x03\x00\x15",
        b"\x80\x2e\x01\x00\x02\x00\x15",
    ],
)
def test_tls_at_the_plain_port_is_named_in_the_answer_and_in_the_log(caplog: pytest.LogCaptureFixture, data: bytes) -> None:
    with overheard(caplog) as server, closing(dial(server)) as line:
        line.sendall(data)
        status, error, body = hear(line)
    assert (status, error) == (400, "bad-request")
    for text in (body["message"], caplog.text):
        assert "TLS (https) came to the plain http port: use http:// or serve --tls" in text


@pytest.mark.parametrize(
    "data", [b"GET / HTTP/1.1\r\nhost: localhost\r\n\r\n", b"DELETE /x HTTP/1.1\r\n\r\n", b"CONNECT x:1 HTTP/1.1\r\n\r\n"]
)
def test_plain_http_at_the_port_of_tls_is_answered_and_named_in_the_log(
    caplog: pytest.LogCaptureFixture, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, data: bytes
) -> None:
    monkeypatch.setenv("EMULATOR_TLS_FOLDER", str(tmp_path))
    with ThreadedServer(create_app(worlds_of([])), tls=Tls(())) as server:
        address = ("127.0.0.1", int(server.url.rpartition(":")[2]))
        with closing(socket.create_connection(address, timeout=20)) as line:
            line.sendall(data)
            answer = b""
            while b"}" not in answer and (part := line.recv(65_536)):
                answer += part
        trusting = ssl.create_default_context(cadata=Tls(()).certificate)
        with (
            closing(socket.create_connection(address, timeout=20)) as line,
            trusting.wrap_socket(line, server_hostname="localhost") as tls_line,
        ):
            tls_line.sendall(b"GET /_emulator/health HTTP/1.1\r\nhost: localhost\r\n\r\n")
            assert tls_line.recv(65_536).startswith(b"HTTP/1.1 200")
    assert answer.startswith(b"HTTP/1.1 400")
    for text in (answer.decode(), caplog.text):
        assert "plain http came to the TLS (https) port: use https:// or serve without --tls" in text


def test_the_certificate_has_the_allowed_names_and_refuses_what_it_cannot_hold(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EMULATOR_TLS_FOLDER", str(tmp_path))
    Tls(["*.example.com", "example.com", "10.0.0.1", "::1"]).context()
    with pytest.raises(NoAuthority, match="my_host"):
        Tls(["my_host.example"])
