"""A receiver of notifications on a socket of this machine."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ssl import SSLContext
from threading import Thread
from typing import NamedTuple


class Received(NamedTuple):
    """A POST as it came."""

    path: str
    headers: dict[str, str]
    body: bytes


class Receiver:
    """A receiver that notes what it gets. `answer` returns a status for each, or the raw bytes of an answer."""

    def __init__(self, answer: Callable[[Received], int | bytes] = lambda _: 200) -> None:
        self.answer = answer
        self.requests: list[Received] = []
        self.port = 0

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self.port}"

    @property
    def url(self) -> str:
        return f"http://{self.host}/hooks"


@contextmanager
def receiving(receiver: Receiver, tls: SSLContext | None = None) -> Iterator[Receiver]:
    """Have a receiver listen for as long as this lasts."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            headers = {name.lower(): value for name, value in self.headers.items()}
            received = Received(self.path, headers, self.rfile.read(int(headers["content-length"])))
            receiver.requests.append(received)
            answer = receiver.answer(received)
            raw = answer if isinstance(answer, bytes) else b"HTTP/1.1 %d X\r\ncontent-length: 2\r\n\r\nok" % answer
            self.wfile.write(raw)
            self.close_connection = True

        def log_message(self, *_: object) -> None:
            pass

    class Server(ThreadingHTTPServer):
        daemon_threads = True
        block_on_close = False

        def handle_error(self, *_: object) -> None:
            """Say nothing of clients that break off."""

    with Server(("127.0.0.1", 0), Handler) as server:
        if tls is not None:
            server.socket = tls.wrap_socket(server.socket, server_side=True)
        receiver.port = server.server_port
        thread = Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        try:
            yield receiver
        finally:
            server.shutdown()
            thread.join()
