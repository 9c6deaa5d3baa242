"""Our own HTTP client: which addresses it takes, which proxies it heeds, and what it does when a connection fails."""

from __future__ import annotations

import os
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from threading import Thread

import pytest

from emulator.cli.main import main
from emulator.client.address import Address, BadAddress
from emulator.client.http import HttpClient
from emulator.client.proxies import UselessProxy, is_exempt, named_proxy, proxy_of
from emulator.client.server import ControlError, EmulatorServer
from emulator.scenario.client import NoResponse, ReceivedResponse, raw_target
from emulator.server.app import create_app, worlds_of
from emulator.server.server import ThreadedServer
from emulator.web.connection import Receive, Scope, Send
from emulator.web.guard import Guard
from tests.support.commands import invoke

HEALTH = b"/_emulator/health"
EMPTY = b"HTTP/1.1 204 No Content\r\n\r\n"


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080"),
        ("  http://emulator:8080/\n", "http://emulator:8080"),
        ("emulator:8080", "http://emulator:8080"),
        ("localhost", "http://localhost"),
        ("HTTPS://Emulator:443", "https://emulator"),
        ("[::1]:8080", "http://[::1]:8080"),
        ("http://[::1]/", "http://[::1]"),
        ("http://ci/emulator/", "http://ci/emulator"),
        ("http://ci:8080/_emulator", "http://ci:8080"),
    ],
)
def test_an_address_is_read_as_people_write_it(text: str, address: str) -> None:
    assert str(Address.read(text)) == address


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("http://[", "Invalid IPv6"),
        ("::1:18400", "needs brackets"),
        ("http://::1:18400/", "needs brackets"),
        ("http://::1:8080", "needs brackets"),
        ("http://fd00::1", "needs brackets"),
        ("http://127.0.0.1:99999", "Port out of range"),
        ("ftp://emulator", "scheme is 'ftp'"),
        ("http://", "names no host"),
        ("http://a b", "a blank"),
        ("http://x:secret@emulator", "names a user"),
        ("http://emulator/?a=1", "a query"),
        ("http://" + "a" * 70, "no host name"),
    ],
)
def test_a_text_that_is_no_address_is_refused_in_a_line_without_its_password(text: str, reason: str) -> None:
    with pytest.raises(BadAddress, match=reason) as excinfo:
        Address.read(text)
    assert "secret" not in str(excinfo.value)
    assert "\n" not in str(excinfo.value)


@pytest.mark.parametrize(
    "entries",
    [
        "*",
        "ci.example.com",
        "example.com",
        ".example.com",
        "*.example.com",
        "other, CI.EXAMPLE.COM",
        "other, *",
        "other ci.example.com:8080",
    ],
)
def test_no_proxy_names_hosts_domains_and_ports(entries: str) -> None:
    assert is_exempt(Address.read("http://ci.example.com:8080"), {"NO_PROXY": entries})
    assert is_exempt(Address.read("http://ci.example.com:8080"), {"no_proxy": entries, "NO_PROXY": "nothing"})


@pytest.mark.parametrize("entries", ["", "ample.com", "ci.example.com:80", "10.0.0.0/8", "ci.example.com.evil", ","])
def test_no_proxy_names_nothing_else(entries: str) -> None:
    assert not is_exempt(Address.read("http://ci.example.com:8080"), {"NO_PROXY": entries})


@pytest.mark.parametrize("entries", ["10.1.2.3", "10.0.0.0/8", "10.1.2.3:8080", "10.1.2.3/32"])
def test_no_proxy_names_addresses_and_networks(entries: str) -> None:
    assert is_exempt(Address.read("10.1.2.3:8080"), {"no_proxy": entries})
    assert not is_exempt(Address.read("11.1.2.3:8081"), {"no_proxy": entries})


def test_an_empty_variable_in_lower_case_disables_that_in_upper_case() -> None:
    assert proxy_of(Address.read("http://ci:8080"), {"http_proxy": "", "HTTP_PROXY": "http://b:1"}) is None


@pytest.mark.parametrize("entries", ["fd00::1", "[fd00::1]", "[fd00::1]:8080", "fd00::/8"])
def test_no_proxy_names_addresses_of_ipv6(entries: str) -> None:
    assert is_exempt(Address.read("http://[fd00::1]:8080"), {"no_proxy": entries})


@pytest.mark.parametrize(
    "url",
    [
        "http://localhost:8080",
        "http://127.0.0.2",
        "http://[::1]:8080",
        "http://ci.localhost",
        "http://0.0.0.0:8080",
        "http://[::]:8080",
        "http://[::ffff:127.0.0.1]:8080",
    ],
)
def test_no_proxy_leads_to_this_machine_though_other_clients_may_think_so(url: str) -> None:
    environ = {"ALL_PROXY": "http://proxy:3128"}
    assert proxy_of(Address.read(url), environ) is None
    assert named_proxy(Address.read(url), environ) == "the proxy http://proxy:3128 (ALL_PROXY)"


@pytest.mark.parametrize(
    ("environ", "proxy"),
    [
        ({"http_proxy": "http://a:1", "HTTP_PROXY": "http://b:1"}, "the proxy http://a:1 (http_proxy)"),
        ({"http_proxy": " ", "ALL_PROXY": "b:1"}, "the proxy http://b:1 (ALL_PROXY)"),
        ({"all_proxy": "http://me:secret@b:1"}, "the proxy http://…@b:1 (all_proxy)"),
    ],
)
def test_a_proxy_is_found_as_other_clients_find_it_and_shown_without_its_password(environ: dict[str, str], proxy: str) -> None:
    assert str(proxy_of(Address.read("http://ci:8080"), environ)) == proxy


@pytest.mark.parametrize("url", ["socks5://me:secret@b:1", "https://b:1", "foo://x", "http://b:port", "http://"])
def test_a_proxy_that_speaks_no_plain_http_is_refused_by_name(url: str) -> None:
    with pytest.raises(UselessProxy, match=r"\(ALL_PROXY\)") as excinfo:
        proxy_of(Address.read("http://ci:8080"), {"ALL_PROXY": url})
    assert "secret" not in str(excinfo.value)


@pytest.mark.parametrize(
    ("target", "raw", "host"),
    [
        ("/a?b=c%20d", b"/a?b=c%20d", None),
        ("/ä?x=ü", b"/%C3%A4?x=%C3%BC", None),
        ("http://files.stripe.com/a?b=http://c", b"/a?b=http://c", "files.stripe.com"),
        ("/a?to=http://b", b"/a?to=http://b", None),
    ],
)
def test_a_target_is_sent_percent_encoded_and_never_to_another_server(target: str, raw: bytes, host: str | None) -> None:
    assert raw_target(target) == (raw, host)


Answer = Callable[[socket.socket], None]


@pytest.fixture
def server_ends() -> list[socket.socket]:
    """The connections that the server of this test has closed."""
    return []


@pytest.fixture
def script(server_ends: list[socket.socket]) -> Iterator[Callable[..., tuple[str, list[bytes]]]]:
    """A server that does one thing with each of its connections, and the requests that it heard."""
    listening = socket.create_server(("127.0.0.1", 0))

    def start(*answers: tuple[bytes, ...]) -> tuple[str, list[bytes]]:
        requests: list[bytes] = []

        def serve() -> None:
            with suppress(OSError):  # a client may leave before it is answered, and the test may end before a client comes
                for replies in answers:
                    line, _ = listening.accept()
                    with line:
                        for reply in replies:
                            requests.append(line.recv(65536))
                            line.sendall(reply)
                    server_ends.append(line)

        Thread(target=serve, name="script", daemon=True).start()
        return f"http://127.0.0.1:{listening.getsockname()[1]}", requests

    yield start
    listening.close()


def wait_for_ends(server_ends: list[socket.socket], count: int) -> None:
    """Until the server has closed so many connections: what a client does then depends on no race."""
    while len(server_ends) < count and any(thread.name == "script" for thread in threading.enumerate()):
        pass
    assert len(server_ends) >= count


Through = Callable[[str, str, str], HttpClient]


@pytest.fixture
def through_a_proxy(script: Callable[..., tuple[str, list[bytes]]], monkeypatch: pytest.MonkeyPatch) -> Through:
    """A proxy of the environment that gives one answer, and a client whose requests it gets."""

    def start(line: str, kind: str, body: str) -> HttpClient:
        head = f"HTTP/1.1 {line}\r\ncontent-type: {kind}\r\ncontent-length: {len(body)}\r\n\r\n"
        proxy, _ = script(((head + body).encode(),))
        for name, value in {"NO_PROXY": "", "no_proxy": "", "http_proxy": proxy}.items():
            monkeypatch.setenv(name, value)
        return HttpClient("http://ci.example:8080")

    return start


def test_an_idle_connection_that_the_server_closed_is_not_used_again(
    script: Callable[..., tuple[str, list[bytes]]], server_ends: list[socket.socket]
) -> None:
    url, requests = script((EMPTY,), (EMPTY,))
    with HttpClient(url) as client:
        for count in (1, 2):
            assert client.send("POST", b"/_emulator/worlds", (), b"{}").status == 204
            wait_for_ends(server_ends, count)
    assert len(requests) == 2


@pytest.mark.parametrize(("method", "target"), [("POST", b"/_emulator/worlds"), ("GET", b"/live/account")])
def test_what_may_have_taken_effect_is_not_sent_again(
    script: Callable[..., tuple[str, list[bytes]]], method: str, target: bytes
) -> None:
    url, requests = script((EMPTY, b""), (EMPTY,))
    with HttpClient(url) as client:
        client.send("GET", HEALTH)
        with pytest.raises(NoResponse):
            client.send(method, target)
    assert len(requests) == 2


def test_a_look_at_the_control_plane_is_sent_again_once(script: Callable[..., tuple[str, list[bytes]]]) -> None:
    url, requests = script((EMPTY, b""), (EMPTY,))
    with HttpClient(url) as client:
        assert [client.send("GET", HEALTH).status for _ in range(2)] == [204, 204]
    assert len(requests) == 3


@pytest.mark.parametrize(
    "reply",
    [b"", b"nonsense\r\n\r\n", b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nshort"],
    ids=["nothing", "nonsense", "short"],
)
def test_an_answer_that_is_none_or_not_whole_is_no_response(
    script: Callable[..., tuple[str, list[bytes]]], reply: bytes
) -> None:
    url, _ = script((reply,))
    with HttpClient(url) as client, pytest.raises(NoResponse):
        client.send("GET", b"/live/account")


def test_through_a_proxy_the_target_is_whole_and_the_password_goes_in_a_header(
    script: Callable[..., tuple[str, list[bytes]]], monkeypatch: pytest.MonkeyPatch
) -> None:
    proxy, requests = script((EMPTY,))
    monkeypatch.setenv("NO_PROXY", "")
    monkeypatch.setenv("no_proxy", "")
    monkeypatch.setenv("http_proxy", proxy.replace("//", "//me:secret@"))
    with HttpClient("http://ci.example:8080", token="t") as client:
        assert client.send("GET", HEALTH).status == 204
    assert requests[0].startswith(b"GET http://ci.example:8080/_emulator/health HTTP/1.1\r\n")
    assert b"\r\nhost: ci.example:8080\r\n" in requests[0]
    assert b"\r\nProxy-Authorization: Basic bWU6c2VjcmV0\r\n" in requests[0]
    assert b"\r\nauthorization: Bearer t\r\n" in requests[0]


@pytest.mark.parametrize(
    ("line", "kind", "body"),
    [
        ("503 Busy", "text/html", ""),
        ("200 OK", "text/html", "<p>sign in</p>"),
        ("200 OK", "application/json", ""),
        ("200 OK", "application/json", "[]"),
        ("302 Found", "application/json", "{}"),
        ("403 Forbidden", "application/json", '{"error":"blocked"}'),
    ],
)
def test_a_proxy_that_answers_in_place_of_the_server_is_named(
    through_a_proxy: Through, line: str, kind: str, body: str
) -> None:
    message = rf"through the proxy http://127.*http_proxy.* answered {line[:3]} \({kind}\), which is no answer of an emulator"
    with through_a_proxy(line, kind, body) as client, pytest.raises(NoResponse, match=message):
        client.send("GET", HEALTH)


@pytest.mark.parametrize(
    ("line", "kind", "body"),
    [
        ("200 OK", "application/json", '{"status":"ok"}'),
        ("404 Not Found", "application/problem+json", "{}"),
        ("503 Busy", "application/json\r\nemulator-error: connections", "{}"),
    ],
)
def test_an_answer_of_the_emulator_comes_through_a_proxy(through_a_proxy: Through, line: str, kind: str, body: str) -> None:
    with through_a_proxy(line, kind, body) as client:
        assert client.send("GET", HEALTH).status == int(line[:3])


@pytest.mark.parametrize("command", [["explain"], ["list", "worlds"], ["play", "first-run"]])
def test_every_command_names_the_proxy(through_a_proxy: Through, command: list[str]) -> None:
    through_a_proxy("200 OK", "text/html", "<p>sign in</p>")
    option = "--against" if "play" in command else "--url"
    result = invoke(main, [*command, option, "http://ci.example:8080"])
    assert result.exit_code == 1
    assert "through the proxy http://127.0.0.1" in result.output


def test_the_token_is_shown_to_the_control_plane_only() -> None:
    with ThreadedServer(create_app(worlds_of([]), guard=Guard(token="t"))) as server, HttpClient(server.url, " t\n") as client:
        assert client.send("GET", b"/_emulator/worlds").status == 200
        journal = b"/_emulator/worlds/default/journal/last"
        assert client.send("GET", b"/live/account?api_key=k").status == 200
        assert b"authorization" not in client.send("GET", journal).content.lower()


@pytest.mark.parametrize("host", ["localhost", "[::1]"])
def test_names_and_addresses_of_this_machine_are_reached(host: str) -> None:
    listens = "::1" if host == "[::1]" else "127.0.0.1"
    with ThreadedServer(create_app(worlds_of([])), listens) as server:  # noqa: SIM117  the URL is known then
        with HttpClient(f"http://{host}:{server.url.rpartition(':')[2]}") as client:
            assert client.send("GET", HEALTH).status == 200


def test_any_number_of_threads_may_ask_at_once() -> None:
    with ThreadedServer(create_app(worlds_of([]))) as server, HttpClient(server.url) as client:

        def ask(n: int) -> ReceivedResponse:
            return client.send("GET", b"/live/account?api_key=%d" % n)

        with ThreadPoolExecutor(8) as pool:
            answers = [*pool.map(ask, range(200))]
    assert {answer.status for answer in answers} == {200}
    assert len({answer.header("emulator-exchange") for answer in answers}) == 200


@pytest.mark.skipif(sys.platform == "win32", reason="nothing forks there")
@pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning")  # the parent's connection is left to the parent
def test_a_fork_has_connections_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    ports: list[int] = []
    app = create_app(worlds_of([]))

    async def noting(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            ports.append(scope["client"][1])
        await app(scope, receive, send)

    with ThreadedServer(noting) as server, HttpClient(server.url) as client:
        client.send("GET", HEALTH)
        client.send("GET", HEALTH)
        monkeypatch.setattr(os, "getpid", os.getppid)  # as if this were the child
        client.send("GET", HEALTH)
    assert ports[0] == ports[1] != ports[2]


def test_a_handle_names_the_proxy(through_a_proxy: Through) -> None:
    through_a_proxy("302 Found", "text/html", "")
    with EmulatorServer("http://ci.example:8080") as server, pytest.raises(ControlError, match="through the proxy http://127"):
        server.check_connection()
