"""Where the server listens: both families where they are meant, IPv6 as it is written, and a word where there is no such address."""

from __future__ import annotations

import errno
import socket
from contextlib import ExitStack
from typing import Any

import httpx
import pytest

from emulator.cli.main import main
from emulator.server.app import create_app, worlds_of
from emulator.server.listening import listen, url_at, url_of
from emulator.server.server import ThreadedServer
from tests.support.commands import invoke
from tests.support.loading import LIBRARY


def has_ipv6() -> bool:
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        return False
    return True


needs_ipv6 = pytest.mark.skipif(not has_ipv6(), reason="this machine has no IPv6")


def reached_at(host: str) -> list[str]:
    """At which of the loopback addresses a server that listens at this host is reached."""
    with ExitStack() as stack:
        sockets = [stack.enter_context(listener) for listener in listen(host, 0)]
        (port,) = {listener.getsockname()[1] for listener in sockets}
        addresses = []
        for address in ("127.0.0.1", "::1"):
            try:
                socket.create_connection((address, port), timeout=5).close()
            except OSError:
                continue
            addresses.append(address)
        return addresses


@needs_ipv6
@pytest.mark.parametrize(
    ("host", "addresses"),
    [
        ("::", ["127.0.0.1", "::1"]),
        ("0:0:0:0:0:0:0:0", ["127.0.0.1", "::1"]),
        ("localhost", ["127.0.0.1", "::1"]),
        ("LocalHost.", ["127.0.0.1", "::1"]),
        ("::1", ["::1"]),
        ("[::1]", ["::1"]),
        ("0.0.0.0", ["127.0.0.1"]),
        ("127.0.0.1", ["127.0.0.1"]),
        ("::ffff:127.0.0.1", ["127.0.0.1"]),
        ("[::FFFF:7f00:1]", ["127.0.0.1"]),
    ],
)
def test_a_host_is_listened_to_at_every_address_that_it_stands_for(host: str, addresses: list[str]) -> None:
    assert reached_at(host) == addresses


@pytest.fixture
def without_ipv6(monkeypatch: pytest.MonkeyPatch) -> None:
    create_server = socket.create_server

    def refuse(address: tuple[str, int], **options: Any) -> socket.socket:
        if ":" in address[0]:
            raise OSError(errno.EADDRNOTAVAIL, "Cannot assign requested address")
        return create_server(address, **options)

    monkeypatch.setattr(socket, "create_server", refuse)


@pytest.mark.usefixtures("without_ipv6")
def test_on_a_machine_without_ipv6_localhost_is_ipv4_alone() -> None:
    assert reached_at("localhost") == ["127.0.0.1"]


@pytest.mark.usefixtures("without_ipv6")
@pytest.mark.parametrize("host", ["::", "::1", "2001:db8::1"])
def test_on_a_machine_without_ipv6_its_addresses_are_refused_with_what_helps(host: str) -> None:
    with pytest.raises(OSError, match=rf"no address {host} \(Cannot assign requested address\): --host 0\.0\.0\.0"):
        listen(host, 0)


@pytest.mark.parametrize(
    ("host", "message"),
    [
        ("fe80::1%eth0", "has a zone"),
        ("[fe80::1%25eth0]", "has a zone"),
        ("*", "no address is known of the host '\\*'"),
        ("", "no address is known of the host ''"),
    ],
)
def test_what_is_no_host_is_refused_in_words(host: str, message: str) -> None:
    with pytest.raises(OSError, match=message):
        listen(host, 0)


@pytest.mark.parametrize(
    ("host", "message"),
    [
        ("127.0.0.1:8080", "'127.0.0.1:8080' holds a port, and --host takes a host alone: write --host 127.0.0.1 --port 8080"),
        ("localhost:8080", "'localhost:8080' holds a port, and --host takes a host alone: write --host localhost --port 8080"),
        ("[::1]:8080", "'[::1]:8080' holds a port, and --host takes a host alone: write --host [::1] --port 8080"),
        (":8080", "':8080' holds a port, and --host takes a host alone: write --port 8080"),
    ],
)
def test_a_port_in_the_host_is_told_where_it_belongs(host: str, message: str) -> None:
    for done in (
        invoke(main, ["serve", "--host", host]),
        invoke(main, ["serve"], env={"EMULATOR_HOST": host}),
    ):
        assert done.exit_code == 2
        (line,) = [line for line in done.stderr.splitlines() if line.startswith("Error: ")]
        assert line.startswith("Error: Invalid value for '--host'")
        assert line.endswith(f": {message}")


def test_a_host_that_is_none_is_told_without_a_port() -> None:
    result = invoke(main, ["serve", "--host", "::1:99999"])
    message = "Error: cannot listen on ::1:99999 (--host): no address is known of the host '::1:99999': "
    assert (result.exit_code, result.stderr[: len(message)]) == (1, message)


def test_a_name_of_several_addresses_is_listened_to_at_those_that_the_machine_has(monkeypatch: pytest.MonkeyPatch) -> None:
    addresses_of_host = [
        (socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, 0)) for address in ("127.0.0.1", "127.0.0.1", "192.0.2.1")
    ]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: addresses_of_host)
    (only,) = listen("a.name", 0)
    with only:
        assert only.getsockname()[0] == "127.0.0.1"


def test_a_port_that_is_taken_at_one_address_is_not_taken_at_the_others() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener, pytest.raises(OSError, match="in use"):
        listen("localhost", listener.getsockname()[1])


@needs_ipv6
def test_a_free_port_is_free_at_every_address(monkeypatch: pytest.MonkeyPatch) -> None:
    create_server = socket.create_server
    ports: list[int] = []

    def bind_late(address: tuple[str, int], **options: Any) -> socket.socket:
        if address[0] == "::1" and not ports:
            ports.append(address[1])
            raise OSError(errno.EADDRINUSE, "Address already in use")
        return create_server(address, **options)

    monkeypatch.setattr(socket, "create_server", bind_late)
    first, second = listen("localhost", 0)
    with first, second:
        assert first.getsockname()[1] == second.getsockname()[1]


@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("127.0.0.1", "http://127.0.0.1:8080"),
        ("0.0.0.0", "http://127.0.0.1:8080"),
        ("::", "http://[::1]:8080"),
        ("[::]", "http://[::1]:8080"),
        ("::1", "http://[::1]:8080"),
        ("[::1]", "http://[::1]:8080"),
        ("::ffff:127.0.0.1", "http://127.0.0.1:8080"),
        ("::ffff:0.0.0.0", "http://127.0.0.1:8080"),
        ("0:0:0:0:0:0:0:0", "http://[::1]:8080"),
        ("localhost", "http://localhost:8080"),
    ],
)
def test_a_url_reaches_what_listens_and_has_ipv6_in_brackets(host: str, url: str) -> None:
    assert url_at(host, 8080) == url


@needs_ipv6
@pytest.mark.parametrize("host", ["::", "::1"])
def test_every_command_reaches_a_server_at_its_ipv6_address(host: str) -> None:
    app = create_app(worlds_of([LIBRARY.get("first-run")]))
    with ThreadedServer(app, host=host) as server:
        port = server.url.rpartition(":")[2]
        httpx.get(f"{server.url}/live/account?api_key=demo", trust_env=False).raise_for_status()
        for command in (
            ["healthcheck", "--url", server.url],
            ["healthcheck", "--host", host, "--port", port],
            ["healthcheck", "--host", f"[{host}]", "--port", port],
            ["explain", "--url", server.url],
            ["play", "first-run", "--against", server.url],
        ):
            result = invoke(main, command)
            assert result.exit_code == 0, (command, result.output)


@needs_ipv6
def test_the_url_of_several_sockets_is_that_of_the_first() -> None:
    first, second = listen("localhost", 0)
    with first, second:
        assert url_of([first, second]) == f"http://127.0.0.1:{second.getsockname()[1]}"
