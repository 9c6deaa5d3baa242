"""Every scenario plays over TCP; each response is the same, byte for byte, whether the connection gets it at once or by ASGI's way."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import ExitStack
from typing import NamedTuple
from zlib import crc32

import pytest

from emulator.client.http import HttpClient
from emulator.contract.validator import ResponseValidator
from emulator.scenario.client import Headers, NoResponse, ReceivedResponse
from emulator.scenario.player import play
from emulator.server.app import create_app, worlds_of
from emulator.server.server import ThreadedServer
from emulator.vendors import VENDORS
from emulator.web.connection import Receive, Scope, Send
from emulator.web.plan import Plan
from emulator.web.vendor_plane import VendorPlane
from tests.support.loading import LIBRARY

SIGNATURE = re.compile(rb"t=\d+(,v[01]=[0-9a-f]{64})+")
"""A signature of Stripe by each secret: of the second in which it was made, as the clock on the wall has it."""

PATIENCE = 3_600.0
"""Seconds that a client waits: how fast the machine is, is no test's matter."""


class Doors(NamedTuple):
    """The URLs of two servers: of one that answers at once where it can, with a judge of every reply, and of one that never does."""

    at_once: str
    by_asgi: str


@pytest.fixture(scope="module")
def doors() -> Iterator[Doors]:
    gateway = create_app(worlds_of([]))

    async def by_asgi(scope: Scope, receive: Receive, send: Send) -> None:
        await gateway(scope, receive, send)

    with ExitStack() as servers:
        judged = create_app(worlds_of([]), validate=ResponseValidator(VENDORS.values()))
        urls = [servers.enter_context(ThreadedServer(app)).url for app in (judged, by_asgi)]
        yield Doors(*urls)


class Listener:
    """A client that keeps what it hears, with the server's own address and signatures taken out; the world that it makes has the id given."""

    def __init__(self, client: HttpClient, url: str, world: str) -> None:
        self.heard: list[bytes] = []
        self._client, self._world = client, world
        self._address = url.rpartition("/")[2].encode()

    def send(self, method: str, target: bytes, headers: Headers = (), content: bytes | None = None) -> ReceivedResponse:
        if content and (method, target) == ("POST", b"/_emulator/worlds"):
            content = b'{"id":"%b",' % self._world.encode() + content.removeprefix(b"{")
        try:
            response = self._client.send(method, target, headers, content)
        except NoResponse as error:
            self.heard.append(f"{error}".encode())
            raise
        lines = [b"%d" % response.status, *(b"%s: %s" % header for header in response.headers), response.content]
        self.heard.append(SIGNATURE.sub(b"SIGNED", b"\n".join(lines).replace(self._address, b"HOST")))
        return response


def heard(url: str, name: str) -> list[bytes]:
    """Return what a client hears while a scenario is played on a server."""
    with HttpClient(url, timeout=PATIENCE) as client:
        listener = Listener(client, url, f"{crc32(name.encode()):08x}")
        assert play(LIBRARY.get(name), listener).differences == []
    return listener.heard


@pytest.mark.parametrize("name", LIBRARY.names())
def test_a_scenario_plays_over_tcp_by_both_doors_with_the_same_bytes(name: str, doors: Doors) -> None:
    assert heard(doors.at_once, name) == heard(doors.by_asgi, name)


def test_what_waits_for_nothing_is_answered_at_once(doors: Doors, monkeypatch: pytest.MonkeyPatch) -> None:
    answered: list[tuple[bool, bool]] = []
    answer_at_once = VendorPlane.answer_at_once

    def counting(plane: VendorPlane, plan: Plan, body: bytes) -> object:
        response = answer_at_once(plane, plan, body)
        answered.append((response is not None, "search_term" not in plan.request.query))
        return response

    monkeypatch.setattr(VendorPlane, "answer_at_once", counting)
    heard(doors.by_asgi, "serpwow/list-pages-and-filters")
    assert answered == []
    heard(doors.at_once, "serpwow/list-pages-and-filters")
    assert answered
    assert [at_once for at_once, _ in answered] == [is_short for _, is_short in answered]
