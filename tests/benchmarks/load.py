"""Load on a server from one process: connections that send their next request when the answer is there, all of it checked."""

from __future__ import annotations

import select
import socket
from collections.abc import Sequence
from itertools import cycle
from statistics import median, quantiles
from time import perf_counter
from typing import NamedTuple

HEAD_END = b"\r\n\r\n"
LENGTH = b"content-length: "


class Exchange(NamedTuple):
    """A request as bytes, and two pieces of bytes that its response must have: how it begins, and what it contains."""

    request: bytes
    contains: bytes = b""
    begins: bytes = b"HTTP/1.1 200"

    @classmethod
    def of(cls, method: str, path: str, contains: bytes = b"", **headers: str) -> Exchange:
        """Return the exchange of a request without a body."""
        head = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in headers.items())
        length = "" if method == "GET" else "content-length: 0\r\n"
        return cls(f"{method} {path} HTTP/1.1\r\nhost: 127.0.0.1\r\n{head}{length}\r\n".encode(), contains)


class Load(NamedTuple):
    """Seconds that each response took, and the seconds of CPU that the server took for all of them."""

    latencies: list[float]
    cpu: float = 0.0

    @property
    def thrift(self) -> float:
        """Responses in a second of the server's CPU."""
        return len(self.latencies) / self.cpu

    @property
    def p50(self) -> float:
        """The median of the latencies, in seconds."""
        return median(self.latencies)

    @property
    def p99(self) -> float:
        """The 99th of their percentiles, in seconds."""
        return quantiles(self.latencies, n=100)[-1]


class Caller:
    """A connection that plays its exchanges over and over. `is_through` tells that it has played all of them as often."""

    def __init__(self, port: int, exchanges: Sequence[Exchange]) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._exchanges = cycle(exchanges)
        self._last = exchanges[-1]
        self._current = exchanges[0]
        self._received = b""
        self._began = 0.0

    def send(self) -> None:
        """Send the next request."""
        self._current = next(self._exchanges)
        self._began = perf_counter()
        self.socket.sendall(self._current.request)

    @property
    def is_through(self) -> bool:
        return self._current is self._last

    def receive(self) -> float | None:
        """Read what has come. Return the seconds that the response took once it is whole.

        Raises:
            AssertionError: the response is not the right one.
        """
        self._received = received = self._received + self.socket.recv(1_000_000)
        end = received.find(HEAD_END) + len(HEAD_END)
        if end < len(HEAD_END) or len(received) < end + _length(received[:end]):
            assert received, f"the server closed the connection after {self._current.request!r}"
            return None
        took = perf_counter() - self._began
        is_right = received.startswith(self._current.begins) and self._current.contains in received
        assert is_right, f"{self._current.request!r} was answered {received!r}"
        self._received = b""
        return took


def _length(head: bytes) -> int:
    at = head.lower().find(LENGTH) + len(LENGTH)
    return int(head[at : head.find(b"\r", at)])


def load(port: int, plans: Sequence[Sequence[Exchange]], seconds: float) -> Load:
    """Have one connection for each plan send its requests for so many seconds, and then to the end of its plan."""
    callers = [Caller(port, plan) for plan in plans]
    poll = select.epoll()
    by_number = {caller.socket.fileno(): caller for caller in callers}
    for number in by_number:
        poll.register(number, select.EPOLLIN)
    latencies: list[float] = []
    began = now = perf_counter()
    until = began + seconds
    for caller in callers:
        caller.send()
    open_requests = len(callers)
    while open_requests:
        for number, _ in poll.poll():
            caller = by_number[number]
            took = caller.receive()
            if took is None:
                continue
            latencies.append(took)
            now = perf_counter()
            if now < until or not caller.is_through:
                caller.send()
            else:
                open_requests -= 1
    poll.close()
    for caller in callers:
        caller.socket.close()
    return Load(latencies)


def response_size(port: int, exchange: Exchange) -> int:
    """Return the bytes of the response to a request, head included."""
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.sendall(exchange.request)
        received = b""
        while (end := received.find(HEAD_END) + len(HEAD_END)) < len(HEAD_END) or len(received) < end + _length(received[:end]):
            received += connection.recv(1_000_000)
    return len(received)
