"""Where a notification may go: what --deliver-to names, in the one spelling of each host, and nothing else."""

from __future__ import annotations

import socket
from ipaddress import ip_address
from threading import Event
from typing import Any

import pytest

from emulator.delivery.addresses import look_up
from emulator.delivery.hosts import Hosts, Refused

NAMED = Hosts(["localhost:9000", "Hooks.Example.COM", "127.0.0.1:9000", "[::1]:9000", "10.0.0.1:*"])


@pytest.mark.parametrize(
    ("url", "host", "port", "path"),
    [
        ("http://localhost:9000/hooks?a=1#part", "localhost", 9000, "/hooks?a=1"),
        ("http://LOCALHOST.:9000", "localhost", 9000, "/"),
        ("http://hooks.example.com/", "hooks.example.com", 80, "/"),
        ("https://hooks.example.com", "hooks.example.com", 443, "/"),
        ("HTTPS://hooks.example.com:443/a", "hooks.example.com", 443, "/a"),
        ("http://127.0.0.1:9000", "127.0.0.1", 9000, "/"),
        ("http://[::ffff:127.0.0.1]:9000/", "127.0.0.1", 9000, "/"),
        ("http://[0:0:0:0:0:0:0:1]:9000", "::1", 9000, "/"),
        ("https://10.0.0.1:8443/x", "10.0.0.1", 8443, "/x"),
    ],
)
def test_a_url_that_leads_to_a_named_host_is_one_whatever_its_spelling(url: str, host: str, port: int, path: str) -> None:
    target = NAMED.target(url)
    assert (target.host, target.port, target.path) == (host, port, path)


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("http://localhost/hooks", "does not name localhost:80"),
        ("http://localhost:9001", "does not name localhost:9001"),
        ("http://hooks.example.com:8080", "does not name hooks.example.com:8080"),
        ("http://evil.hooks.example.com", "does not name evil.hooks.example.com:80"),
        ("http://hooks.example.com.evil.test", "does not name"),
        ("http://127.0.0.2:9000", "does not name 127.0.0.2:9000"),
        ("http://[::2]:9000", "does not name [::2]:9000"),
        ("http://2130706433:9000", "write four decimal numbers"),
        ("http://0x7f000001:9000", "write four decimal numbers"),
        ("http://0x7f.0.0.1:9000", "write four decimal numbers"),
        ("http://0177.0.0.1:9000", "write four decimal numbers"),
        ("http://127.1:9000", "write four decimal numbers"),
        ("http://127.0.0.1.:9000", "write four decimal numbers"),
        ("http://[fe80::1%25eth0]:9000", "leads nowhere"),
        ("http://[::1]evil.test:9000", "leads nowhere"),
        ("http://[v1.x]:9000", "leads nowhere"),
        ("http://user:secret@localhost:9000", "has a user or a password"),
        ("http://localhost:9000@evil.test/", "has a user or a password"),
        ("http://localhost:9000%40evil.test/", "leads nowhere"),
        ("http://localhost%2f:9000/", "is no host"),
        ("http://%6cocalhost:9000/", "is no host"),
        ("http://localhost:9000\\@evil.test/", "a backslash"),
        ("http://localhost:9000/\r\nX: y", "a blank, a backslash"),
        ("http://localhost:9000/a b", "a blank"),
        ("http://ⓛocalhost:9000", "must be percent-encoded"),
        ("http://localhost:99999", "leads nowhere"),
        ("http://localhost:x", "leads nowhere"),
        ("http://localhost:", "does not name localhost:80"),
        ("http:///hooks", "is no host"),
        ("http://[::1", "is none"),
        ("http://[::1]]:9000", "leads nowhere"),
        ("http://[127.0.0.1]:9000", "its URL"),
        ("http://localhost:+9000", "leads nowhere"),
        ("http://localhost:9000:80", "leads nowhere"),
        ("http://", "is no host"),
        ("//localhost:9000/hooks", "no scheme"),
        ("ftp://localhost:9000", "one of ftp"),
        ("file:///etc/passwd", "one of file"),
        ("gopher://localhost:9000", "one of gopher"),
        ("localhost:9000", "one of localhost"),
        ("", "a blank"),
        ("http://localhost:9000/" + "a" * 8_000, "more than 8000 characters"),
        ("http://" + "a." * 200 + "test", "is no host"),
    ],
)  # fmt: skip
def test_any_other_url_is_refused_and_why_is_said(url: str, why: str) -> None:
    with pytest.raises(Refused) as refused:
        NAMED.target(url)
    assert why in str(refused.value)
    assert "secret" not in str(refused.value)


def test_where_nothing_is_named_every_url_is_refused() -> None:
    with pytest.raises(Refused, match="the server has no --deliver-to"):
        Hosts().target("http://localhost:9000")


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("http://localhost:9000", "give HOST or HOST:PORT"),
        ("user@localhost", "give HOST or HOST:PORT"),
        ("localhost:0", "there is no port 0"),
        ("localhost:x", "is no HOST"),
        ("localhost:70000", "is no HOST"),
        ("*", "is no host"),
        ("*.example.com", "is no host"),
        ("0x7f.1", "four decimal numbers"),
        ("fe80::1%eth0", "is no host"),
        (":9000", "is no host"),
    ],
)
def test_a_host_that_is_none_is_refused_where_it_is_named(text: str, why: str) -> None:
    with pytest.raises(ValueError, match="HOST") as refused:
        Hosts([text])
    assert why in str(refused.value)


@pytest.mark.parametrize("text", ["::1", "[::1]", "::1,localhost", " localhost , ::1"])
def test_an_address_needs_brackets_only_before_a_port(text: str) -> None:
    assert Hosts([text]).target("http://[::1]/").host == "::1"


def places(monkeypatch: pytest.MonkeyPatch, *addresses: str) -> list[str]:
    """Have every name stand for these addresses, and return the names that are looked up."""
    asked: list[str] = []

    def getaddrinfo(host: str, *_: Any, **__: Any) -> list[Any]:
        asked.append(host)
        families = [socket.AF_INET6 if ip_address(it).version == 6 else socket.AF_INET for it in addresses]
        return [(family, socket.SOCK_STREAM, 6, "", (it, 0)) for family, it in zip(families, addresses, strict=True)]

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    return asked


@pytest.mark.parametrize(
    ("address", "kind"),
    [
        ("169.254.169.254", "link-local"),
        ("169.254.0.1", "link-local"),
        ("fe80::1", "link-local"),
        ("::ffff:169.254.169.254", "link-local"),
        ("64:ff9b::a9fe:a9fe", "link-local"),
        ("::a9fe:a9fe", "link-local"),
        ("2002:a9fe:a9fe::1", "link-local"),
        ("64:ff9b:1::a9fe:a9fe", "link-local"),
        ("64:ff9b:1:a9fe:a9:fe00::", "link-local"),
        ("::ffff:0:a9fe:a9fe", "link-local"),
        ("2001:db8::5efe:a9fe:a9fe", "link-local"),
        ("fd12::200:5efe:a9fe:a9fe", "link-local"),
        ("fd00:ec2::254", "metadata"),
        ("fd20:ce::254", "metadata"),
        ("100.100.100.200", "metadata"),
        ("168.63.129.16", "metadata"),
        ("0.0.0.0", "unspecified"),
        ("0.1.2.3", "unspecified"),
        ("::", "unspecified"),
        ("224.0.0.1", "multicast"),
        ("ff02::1", "multicast"),
        ("255.255.255.255", "broadcast"),
    ],
)
def test_a_name_whose_address_no_receiver_has_is_refused(monkeypatch: pytest.MonkeyPatch, address: str, kind: str) -> None:
    hosts = Hosts(["hooks.example.com:9000"])
    asked = places(monkeypatch, "127.0.0.1", address)
    with pytest.raises(Refused, match=kind):
        look_up(hosts.target("http://hooks.example.com:9000"), hosts, 5)
    assert asked == ["hooks.example.com"]


def test_an_address_that_is_named_itself_is_sent_to(monkeypatch: pytest.MonkeyPatch) -> None:
    hosts = Hosts(["169.254.169.254:9000", "hooks.example.com:9000"])
    places(monkeypatch, "169.254.169.254")
    for url in ("http://169.254.169.254:9000", "http://hooks.example.com:9000"):
        ((*_, place),) = look_up(hosts.target(url), hosts, 5)
        assert place == ("169.254.169.254", 9000)
    with pytest.raises(Refused, match="does not name"):
        hosts.target("http://169.254.169.254/latest/meta-data")


def test_private_and_local_addresses_are_sent_to_where_their_name_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    hosts = Hosts(["hooks.example.com"])
    addresses = ("10.0.0.7", "127.0.0.1", "::1", "fd12::1", "192.168.1.1", "64:ff9b:1::a00:7", "2001:db8::5efe:a00:7")
    places(monkeypatch, *addresses)
    assert [place[0] for *_, place in look_up(hosts.target("https://hooks.example.com"), hosts, 5)] == [*addresses]


def test_a_lookup_that_hangs_is_one_however_many_attempts_want_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    hosts, go_on = Hosts(["hooks.example.com:*"]), Event()
    asked = places(monkeypatch, "10.0.0.7")
    answer = socket.getaddrinfo
    monkeypatch.setattr(socket, "getaddrinfo", lambda *it, **more: (answer(*it, **more), go_on.wait())[0])
    for port in range(9000, 9020):
        with pytest.raises(TimeoutError):
            look_up(hosts.target(f"http://hooks.example.com:{port}"), hosts, 0)
    assert asked == ["hooks.example.com"]
    go_on.set()
    ((*_, place),) = look_up(hosts.target("http://hooks.example.com:9000"), hosts, 60)
    assert place == ("10.0.0.7", 9000)
