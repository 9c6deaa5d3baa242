"""How a client reached the server: links lead back there, whatever stands in front, and nobody untrusted can say otherwise."""

from __future__ import annotations

import json
import re
import socket
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest

from emulator.client.connections import AppResponse, SyncConnection, ask_async
from emulator.server.app import create_app, worlds_of
from emulator.server.server import ThreadedServer
from emulator.web.connection import App, run_sync
from emulator.web.guard import Guard
from emulator.web.hosts import allowed
from emulator.web.origin import Proxies, authority_of, forwarded
from tests.support.loading import LIBRARY
from tests.support.sockets import dial

JOB = b'{"endpoint":{"http_method":"post","path":"/v1/customers/:id"},"skip_validation":true,"metadata":{},"maximum_rps":10}'
LINK = re.compile(rb'"url":"(https?://[^/"]*)/')
AUTHORIZED = [(b"authorization", b"Bearer sk_test_1"), (b"stripe-version", b"2026-03-25.preview")]
HOST = b"emulator:8080"
OUTSIDE = "192.0.2.7"


def answer(app: App, peer: str, path: str, headers: list[tuple[bytes, bytes]], body: bytes = b"") -> AppResponse:
    """Return the response to a peer at this address."""

    async def through_a_socket(scope: Any, receive: Any, send: Any) -> None:
        await app({**scope, "client": (peer, 50_000), "server": ("::ffff:10.1.2.3", 8080)}, receive, send)

    method = "POST" if body else "GET"
    return run_sync(ask_async(through_a_socket, SyncConnection(None), method, path.encode(), headers, body, "http"))


@pytest.fixture
def app() -> App:
    guard = Guard(allowed(["*.example.com"]), None, Proxies.of(["10.0.0.0/8, 2001:db8::7"]))
    return create_app(worlds_of([LIBRARY.get("first-run")]), guard=guard)


def links_of(app: App, peer: str, *headers: tuple[bytes, bytes]) -> set[str]:
    """Return the origins of the links that both planes give to this peer: Stripe's upload, and the control plane's credentials."""
    job = answer(app, peer, "/v2/core/batch_jobs", [*AUTHORIZED, (b"host", HOST), *headers], JOB)
    world = answer(app, peer, "/_emulator/worlds/default", [(b"host", HOST), *headers])
    assert (job.status, world.status) == (200, 200), job.content + world.content
    url = json.loads(world.content)["credentials"]["stripe"]["url"]
    return {LINK.search(job.content)[1].decode(), url}  # type: ignore[index]


@pytest.mark.parametrize("peer", ["127.0.0.1", "::1", "::ffff:127.0.0.1", "10.9.8.7", "::ffff:10.9.8.7", "2001:db8::7"])
@pytest.mark.parametrize(
    ("name", "value", "link"),
    [
        (b"x-forwarded-proto", b"https", "https://emulator:8080"),
        (b"x-forwarded-proto", b"HTTPS, http", "https://emulator:8080"),
        (b"x-forwarded-proto", b"gopher", "http://emulator:8080"),
        (b"x-forwarded-host", b"pay.example.com", "http://pay.example.com"),
        (b"forwarded", b"proto=https", "https://emulator:8080"),
        (b"forwarded", b'for=192.0.2.1;Proto=https;host="pay.example.com:8443", proto=http', "https://pay.example.com:8443"),
    ],
)
def test_behind_a_trusted_proxy_links_lead_to_where_the_client_came(
    app: App, peer: str, name: bytes, value: bytes, link: str
) -> None:
    assert links_of(app, peer, (name, value)) == {link}


@pytest.mark.parametrize(
    ("headers", "link"),
    [
        ([(b"port", b"9443")], "http://emulator:9443"),
        ([(b"port", b"9443"), (b"proto", b"https")], "https://emulator:9443"),
        ([(b"port", b"443, 80"), (b"proto", b"https")], "https://emulator"),
        ([(b"port", b"8443"), (b"port", b"80")], "http://emulator:8443"),
        ([(b"port", b"443"), (b"host", b"pay.example.com")], "http://pay.example.com:443"),
        ([(b"port", b"80"), (b"host", b"pay.example.com")], "http://pay.example.com"),
        ([(b"port", b"443"), (b"host", b"pay.example.com:8443"), (b"proto", b"https")], "https://pay.example.com:8443"),
        ([(b"port", b"8443"), (b"host", b"[2001:db8::1]")], "http://[2001:db8::1]:8443"),
        *(
            ([(b"port", port)], "http://emulator:8080")
            for port in (b"", b"0", b"65536", b"-1", b"8443x", b"1" * 5000, b"\xb2", b"a.example.com:1")
        ),
    ],
)
def test_a_trusted_proxy_may_say_at_which_port_the_client_came(app: App, headers: Any, link: str) -> None:
    headers_of_proxy = [(b"x-forwarded-" + name, value) for name, value in headers]
    assert links_of(app, "10.9.8.7", *headers_of_proxy) == {link}
    assert links_of(app, OUTSIDE, *headers_of_proxy) == {"http://emulator:8080"}


def test_forwarded_has_the_port_in_its_host(app: App) -> None:
    headers_of_proxy = [(b"forwarded", b"host=pay.example.com;proto=https"), (b"x-forwarded-port", b"8443")]
    assert links_of(app, "127.0.0.1", *headers_of_proxy) == {"https://pay.example.com"}


def test_a_page_of_the_forwarded_port_is_of_its_own_origin(app: App) -> None:
    headers = [(b"host", HOST), (b"x-forwarded-port", b"9443"), (b"x-forwarded-proto", b"https")]
    for origin, status in ((b"https://emulator:9443", 200), (b"https://emulator:8080", 403)):
        assert answer(app, "127.0.0.1", "/_emulator/worlds", [*headers, (b"origin", origin)]).status == status


@pytest.mark.parametrize("name", [b"x-forwarded-proto", b"x-forwarded-host", b"forwarded"])
def test_nobody_else_is_believed(app: App, name: bytes) -> None:
    value = {b"x-forwarded-proto": b"https", b"x-forwarded-host": b"pay.example.com"}.get(
        name, b"proto=https;host=a.example.com"
    )
    assert links_of(app, OUTSIDE, (name, value)) == {"http://emulator:8080"}


def test_a_proxy_cannot_bring_a_name_that_is_not_allowed(app: App) -> None:
    response = answer(app, "127.0.0.1", "/live/account", [(b"host", HOST), (b"x-forwarded-host", b"attacker.example")])
    assert (response.status, b"--allow-host attacker.example" in response.content) == (421, True)


def test_a_name_that_a_proxy_brings_does_not_excuse_the_name_in_host(app: App) -> None:
    """As a page does whose own name was made to point here."""
    rebound = [(b"host", b"attacker.example"), (b"x-forwarded-host", b"localhost"), (b"origin", b"http://localhost")]
    assert answer(app, "127.0.0.1", "/live/account", rebound).status == 421


@pytest.mark.parametrize(
    ("peer", "origin", "status"),
    [
        ("127.0.0.1", b"https://emulator:8080", 200),
        ("127.0.0.1", b"http://emulator:8080", 403),
        (OUTSIDE, b"https://emulator:8080", 403),
        (OUTSIDE, b"http://emulator:8080", 200),
    ],
)
def test_a_page_of_its_own_origin_may_ask_by_the_scheme_at_which_it_came(
    app: App, peer: str, origin: bytes, status: int
) -> None:
    headers = [(b"host", HOST), (b"x-forwarded-proto", b"https"), (b"origin", origin)]
    assert answer(app, peer, "/_emulator/worlds", headers).status == status


def test_a_dry_run_gives_the_links_that_the_request_would_be_given(app: App) -> None:
    request = {
        "method": "POST",
        "url": "/v2/core/batch_jobs",
        "headers": {name.decode(): value.decode() for name, value in [*AUTHORIZED, (b"x-forwarded-proto", b"https")]},
        "body": json.loads(JOB),
    }
    rehearsal = answer(app, "127.0.0.1", "/_emulator/worlds/default/dry-run", [(b"host", HOST)], json.dumps(request).encode())
    assert LINK.search(
        json.loads(rehearsal.content)["body"].encode() if b'"body":"' in rehearsal.content else rehearsal.content
    )[1] == (  # type: ignore[index]
        b"https://emulator:8080"
    )


@pytest.mark.parametrize(
    ("headers", "headers_of_proxy"),
    [
        ([], (None, None)),
        ([(b"forwarded", b"for=_x")], (None, None)),
        ([(b"forwarded", b'for="[2001:db8::1]:4711";proto=https;by=x')], ("https", None)),
        ([(b"forwarded", b"for=1.1.1.1, proto=https;host=a, host=b;proto=http")], ("https", b"a")),
        ([(b"forwarded", b"host=a"), (b"forwarded", b"host=b")], (None, b"a")),
        ([(b"forwarded", b'host="a\\.b"')], (None, b"a.b")),
        ([(b"forwarded", b'for="x;proto=https')], (None, None)),
        ([(b"forwarded", b'for="x;proto=https,host=a"')], (None, None)),
        ([(b"forwarded", b"; ,,proto=https")], ("https", None)),
        ([(b"forwarded", b"proto = https")], (None, None)),
        ([(b"forwarded", b"proto=http"), (b"x-forwarded-proto", b"https")], ("http", None)),
        ([(b"x-forwarded-host", b" a , b"), (b"x-forwarded-proto", b"https")], ("https", b"a")),
        ([(b"x-forwarded-host", b""), (b"x-forwarded-proto", b"")], (None, None)),
    ],
)
def test_of_what_several_proxies_say_the_first_is_the_clients(headers: Any, headers_of_proxy: Any) -> None:
    assert forwarded(headers) == headers_of_proxy


@pytest.mark.parametrize("address", ["proxy", "10.0.0.0/33", "10.0.0", "http://10.0.0.1"])
def test_a_proxy_is_an_address_or_a_network(address: str) -> None:
    with pytest.raises(ValueError, match="neither an address"):
        Proxies.of([address])


@pytest.mark.parametrize(
    ("proxies", "is_trusted"),
    [
        ([], False),
        (["*"], True),
        ([f"10.0.0.1,{OUTSIDE}"], True),
        (["192.0.2.0/24"], True),
        (["2001:db8::/32"], False),
        (["::ffff:192.0.2.7"], True),
        (["::ffff:192.0.2.0/120"], True),
        (["::ffff:0:0/96"], True),
        (["::ffff:192.0.2.8"], False),
        (["::ffff:10.0.0.0/104"], False),
    ],
)
def test_a_proxy_is_believed_where_it_is_named(proxies: list[str], is_trusted: bool) -> None:
    assert Proxies.of(proxies).trust(OUTSIDE) is is_trusted


@pytest.mark.parametrize(
    ("server", "authority"),
    [
        (("10.1.2.3", 80), "10.1.2.3:80"),
        (("::1", 8080), "[::1]:8080"),
        (("::ffff:10.1.2.3", 8080), "10.1.2.3:8080"),
        (("/run/socket", None), None),
        (None, None),
    ],
)
def test_an_address_is_written_as_urls_have_it(server: Any, authority: str | None) -> None:
    assert authority_of(server) == authority


@pytest.fixture(scope="module")
def server() -> Iterator[ThreadedServer]:
    with ThreadedServer(create_app(worlds_of([]))) as server:
        yield server


@pytest.mark.parametrize("host", [b"", b"host:\r\n", b"host: emulator\r\n"], ids=["none", "an empty one", "one"])
@pytest.mark.parametrize("path", [b"/v2/core/batch_jobs", b"/_emulator/worlds"])
def test_the_links_of_http_1_0_lead_back_to_the_address_where_there_is_no_host(
    server: ThreadedServer, host: bytes, path: bytes
) -> None:
    body = JOB if path.startswith(b"/v2") else b"{}"
    head = b"POST %s HTTP/1.0\r\ncontent-length: %d\r\n" % (path, len(body)) + host
    head += b"".join(b"%s: %s\r\n" % header for header in AUTHORIZED)
    data = b""
    with closing(dial(server)) as line:
        line.sendall(head + b"\r\n" + body)
        line.shutdown(socket.SHUT_WR)
        while part := line.recv(65_536):
            data += part
    link = LINK.search(data)
    assert link is not None
    assert link[1].decode() == ("http://emulator" if b"emulator" in host else server.url)
