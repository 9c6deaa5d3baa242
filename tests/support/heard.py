"""What a client hears while a scenario is played on a server, byte for byte but for what differs each time."""

from __future__ import annotations

import re
from zlib import crc32

from emulator.client.http import HttpClient
from emulator.scenario.client import Headers, NoResponse, ReceivedResponse
from emulator.scenario.player import play
from tests.support.loading import LIBRARY

SIGNATURE = re.compile(rb"t=\d+(,v[01]=[0-9a-f]{64})+")
"""A signature of Stripe by each secret: of the second in which it was made, as the clock on the wall has it."""

PATIENCE = 3_600.0
"""Seconds that a client waits: how fast the machine is, is no test's matter."""


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
