"""The POST of a notification: one request on a connection of its own, to an address that is known, within bounds."""

from __future__ import annotations

import selectors
import socket
from collections.abc import Callable, Iterable
from contextlib import suppress
from functools import partial
from http import HTTPStatus
from ssl import SSLContext, SSLError, SSLWantReadError, SSLWantWriteError
from typing import Any, TypeVar

from httptools import HttpParserError, HttpParserUpgrade, HttpResponseParser

from emulator.delivery.hosts import Target
from emulator.delivery.outgoing import KEPT, Report
from emulator.kernel.clock import MONOTONIC
from emulator.sdk.deliveries import NO_ANSWER

HEAD = 65_536
"""Bytes of an answer before its body, at most."""

MOST = 4 * HEAD
"""Bytes of an answer that are read, however it is framed: chunks of one byte each take six times their content."""

PIECE = 16_384

T = TypeVar("T")


class TooLate(Exception):
    """Ends an attempt that takes more time than it has."""


class Answer:
    """An answer as it arrives; the parser calls it. It `is_over` when it is whole, or as much of it is there as is kept."""

    def __init__(self) -> None:
        self.body = b""
        self.size = 0
        self.has_head = self.is_over = self.has_length = self.has_no_status = False
        self._parser = HttpResponseParser(self)

    def feed(self, data: bytes) -> None:
        """Take in what has arrived.

        Raises:
            HttpParserError: it is no HTTP.
            ValueError: its head is too long, its status is none, or it goes on in another protocol.
        """
        self.size += len(data)
        try:
            self._parser.feed_data(data)
        except HttpParserUpgrade:
            raise ValueError(f"its answer goes on in another protocol ({self.status})") from None
        if self.has_no_status:
            raise ValueError(f"the status of its answer is {self.status:03}, which is none")
        if not self.has_head and self.size > HEAD:
            raise ValueError(f"the head of its answer has more than {HEAD} bytes")
        self.is_over = self.is_over or self.size >= MOST

    @property
    def status(self) -> int:
        status: int = self._parser.get_status_code()
        return status

    def on_message_begin(self) -> None:
        self.has_length = False

    def on_header(self, name: bytes, _: bytes) -> None:
        self.has_length = self.has_length or name.lower() in (b"content-length", b"transfer-encoding")

    def on_headers_complete(self) -> None:
        self.has_head, self.has_no_status = self.status >= HTTPStatus.OK, self.status < HTTPStatus.CONTINUE

    def on_body(self, data: bytes) -> None:
        self.body += data[: KEPT - len(self.body)]
        self.is_over = self.is_over or len(self.body) == KEPT

    def on_message_complete(self) -> None:
        self.is_over = self.is_over or self.has_head


class Exchange:
    """A socket on which nothing lasts beyond the end of an attempt."""

    def __init__(self, end: float) -> None:
        self._end = end
        self._socket: Any = None

    def seconds_left(self) -> float:
        """Return the seconds that the attempt still has.

        Raises:
            TooLate: it has none.
        """
        left = self._end - MONOTONIC()
        if left <= 0:
            raise TooLate
        return left

    def connect(self, places: Iterable[Any]) -> None:
        """Connect to the first of these addresses at which somebody listens."""
        failure: OSError = OSError("it has no address")
        for family, kind, protocol, _, address in places:
            self._socket = socket.socket(family, kind, protocol)
            try:
                self._socket.settimeout(self.seconds_left())
                self._socket.connect(address)
            except TimeoutError:
                raise TooLate from None
            except OSError as error:
                failure = error
                self._socket.close()
            else:
                return
        raise failure

    def secure(self, context: SSLContext, host: str) -> None:
        """Begin TLS with a host, whose certificate is verified."""
        self._socket.setblocking(False)
        self._socket = context.wrap_socket(self._socket, server_hostname=host, do_handshake_on_connect=False)
        self._patiently(self._socket.do_handshake)

    def send(self, data: bytes) -> None:
        """Send bytes; a receiver that answers before it has read all of them is heard all the same."""
        self._socket.setblocking(False)
        left = memoryview(data)
        with suppress(BrokenPipeError, ConnectionResetError):
            while left:
                left = left[self._patiently(partial(self._socket.send, left)) :]

    def receive(self) -> bytes:
        """Return some bytes, none at the end."""
        received: bytes = self._patiently(partial(self._socket.recv, PIECE))
        return received

    def close(self) -> None:
        """Close the connection."""
        if self._socket is not None:
            self._socket.close()

    def _patiently(self, function: Callable[[], T]) -> T:
        """Call a function until it need not wait."""
        while True:
            self.seconds_left()
            try:
                return function()
            except (BlockingIOError, SSLWantReadError):
                self._wait(selectors.EVENT_READ)
            except SSLWantWriteError:
                self._wait(selectors.EVENT_WRITE)

    def _wait(self, event: int) -> None:
        with selectors.DefaultSelector() as selector:
            selector.register(self._socket, event)
            selector.select(self.seconds_left())


def post(
    target: Target,
    places: Iterable[Any],
    headers: Iterable[tuple[str, str]],
    body: bytes,
    end: float,
    tls: Callable[[], SSLContext],
) -> Report:
    """Post a body to one of the addresses of a target, by an instant of the machine's clock, and return what came of it."""
    exchange = Exchange(end)
    try:
        exchange.connect(places)
        if target.scheme == "https":
            exchange.secure(tls(), target.host)
        exchange.send(_head(target, headers, len(body)) + body)
        return _heard(exchange)
    except TooLate:
        return Report(error=NO_ANSWER)
    except (SSLError, OSError, HttpParserError, ValueError) as error:
        return Report(error=f"the receiver could not be asked: {why(error)}")
    finally:
        exchange.close()


def why(error: BaseException) -> str:
    """Return an error in words."""
    return getattr(error, "strerror", None) or str(error) or type(error).__name__


def _head(target: Target, headers: Iterable[tuple[str, str]], length: int) -> bytes:
    lines = (("Host", target.authority), *headers, ("Content-Length", str(length)), ("Connection", "close"))
    head = f"POST {target.path} HTTP/1.1\r\n" + "".join(f"{name}: {value}\r\n" for name, value in lines)
    return f"{head}\r\n".encode("latin-1")


def _heard(exchange: Exchange) -> Report:
    answer = Answer()
    while not answer.is_over and (data := exchange.receive()):
        answer.feed(data)
    if answer.has_head and (answer.is_over or not answer.has_length):
        return Report(answer.status, answer.body.decode("utf-8", "replace"))
    return Report(error="the receiver broke off its answer" if answer.size else "the receiver hung up without an answer")
