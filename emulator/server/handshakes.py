"""TLS handshakes: each connection that is taken begins with one, and the oldest gives way where too many are under way."""

from __future__ import annotations

import asyncio
import logging
import socket
import ssl
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from itertools import islice
from traceback import clear_frames
from weakref import ref

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from emulator.kernel.limits import Limits
from emulator.server.tls_records import RecordsInTurn
from emulator.server.transports import LINGER
from emulator.web.event_loop import next_round, pause

RETRY = 0.1
"""Seconds until a connection is taken again where the system has no descriptor for it."""

log = logging.getLogger("emulator")


class Handshakes:
    """The handshakes of one server that are under way, the oldest first: so many at once as there may be connections."""

    def __init__(self, make_protocol: Callable[[], HttpToolsProtocol], context: ssl.SSLContext, limits: Limits) -> None:
        self._make_protocol, self._context, self._limits = make_protocol, context, limits
        self._under_way: dict[socket.socket, asyncio.Task[None]] = {}
        self._is_told = False

    def begin(self, connection: socket.socket) -> None:
        """Begin the handshake of a new connection; where there are too many, cut the oldest off."""
        if len(self._under_way) < self._limits.connections:
            self._is_told = False
        else:
            self.give_way()
        self._under_way[connection] = asyncio.get_running_loop().create_task(self._shake(connection))

    def give_way(self) -> None:
        """Cut the oldest off, if there is one, and say so unless that has been said since there was room."""
        if not self._is_told:
            log.warning("too many TLS handshakes are under way: the oldest give way; %s", Limits.more("connections"))
            self._is_told = True
        for oldest in islice(self._under_way, 1):
            del self._under_way[oldest]
            _cut_off(oldest)

    def end(self) -> None:
        """Cut all of them off."""
        for connection in self._under_way:
            _cut_off(connection)

    async def _shake(self, connection: socket.socket) -> None:
        """Serve a connection once its handshake is done; hang up where it fails, or is out of time."""
        bounds = {"ssl_handshake_timeout": self._limits.head_seconds, "ssl_shutdown_timeout": LINGER}
        accept, protocol = asyncio.get_running_loop().connect_accepted_socket, self._make_protocol()
        try:
            await accept(lambda: protocol, connection, ssl=self._context, **bounds)
        except OSError as error:
            protocol.parser = None  # type: ignore[assignment]  # or the two would hold each other for good
            clear_frames(error.__traceback__)  # asyncio's hold the error, which holds them
        else:
            _side_of(protocol).on_rest = partial(_read_on_in_turn, ref(protocol))
            _read_on_in_turn(ref(protocol))  # what came with the end of the handshake
        finally:
            self._under_way.pop(connection, None)


def _side_of(protocol: HttpToolsProtocol) -> RecordsInTurn:
    side: RecordsInTurn = protocol.transport.get_extra_info("ssl_object")
    return side


def _read_on_in_turn(of: ref[HttpToolsProtocol]) -> None:
    """Have a connection read on, when others have had their turn, what has come already. Nothing here holds it."""
    asyncio.get_running_loop().call_soon(_read_on, of)


def _read_on(of: ref[HttpToolsProtocol]) -> None:
    if (protocol := of()) is not None:
        _side_of(protocol).go_on()
        if not (protocol.transport.is_closing() or protocol.flow.read_paused):  # who resumes reading reads that
            protocol.transport.pause_reading()
            protocol.transport.resume_reading()


def _cut_off(connection: socket.socket) -> None:
    """End a connection, so that its loop finds its end next: it alone may close it."""
    with suppress(OSError):  # it has ended already
        connection.shutdown(socket.SHUT_RDWR)


class TlsListener:
    """A listening socket, which takes a connection in each round of the loop until it is closed."""

    def __init__(self, listening: socket.socket, handshakes: Handshakes) -> None:
        listening.setblocking(False)
        self._listening, self._handshakes = listening, handshakes
        self._task = asyncio.get_running_loop().create_task(self._take())

    async def _take(self) -> None:
        while True:
            try:
                connection, _ = await asyncio.get_running_loop().sock_accept(self._listening)
            except ConnectionError:  # its client is gone already
                continue
            except OSError:  # the system has no descriptor left
                self._handshakes.give_way()
                await pause(RETRY)
            else:
                self._handshakes.begin(connection)
                await next_round()

    def close(self) -> None:
        """Take no more connections, and cut off the handshakes that are under way."""
        self._task.cancel()
        self._handshakes.end()

    async def wait_closed(self) -> None:
        """Wait until no connection is taken."""
        await asyncio.wait([self._task])
