"""The HTTP client by which our own commands and handles reach a server, on the standard library's http.client.

No mock of another client library catches what it sends. It heeds the proxies of the environment, but none for this machine.
"""

from __future__ import annotations

import os
import ssl
from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import suppress
from functools import partial
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection, InvalidURL
from selectors import EVENT_READ, DefaultSelector
from typing import Any

from emulator.client.address import Address, BadAddress
from emulator.client.bounded_responses import body_of, bound
from emulator.client.environment import usable_token
from emulator.client.proxies import Proxy, UselessProxy, proxy_of
from emulator.kernel.errors import EmulatorError
from emulator.scenario.client import Headers, NoResponse, NotAnEmulator, ReceivedResponse, completed, read_foreign, read_refusal
from emulator.text.escape import escaped
from emulator.web.guard import PREFIX

CONTROL = PREFIX.encode()
TIMEOUT = 30.0
TRICKLE = 10
LONGEST_LINE = 50_000_000
"""Bytes of a line, more than any event has."""

LONGEST_REASON = 300
"""Characters of the reason why no response came: a server's first line may be as long as it likes."""

REPEATABLE = frozenset({"GET", "HEAD"})
"""Methods of requests that may be sent again where an idle connection turns out to be closed."""

NO_TLS = frozenset({"WRONG_VERSION_NUMBER", "RECORD_LAYER_FAILURE", "HTTP_REQUEST"})
"""Reasons of OpenSSL where the answer to its greeting was no TLS."""


class Refused(EmulatorError):
    """A server that said no, and why."""


class HttpClient:
    """A client of the server at a URL, for any number of threads; idle connections are used again.

    `token` is shown to the control plane only, for to the vendors Authorization means something else. `timeout` is in seconds,
    for each step of a request, and for the whole answer of the control plane; that of a vendor, which a fault may let trickle,
    has `TRICKLE` times as long. Where the server is only asked whether it is there, it is `trusted`, and no proxy is used.

    Raises:
        NoResponse: the URL is none, or the environment names a proxy for it that cannot be used.
        BadToken: no header can hold the token.
    """

    def __init__(self, url: str, token: str | None = None, timeout: float = TIMEOUT, *, trusted: bool = False) -> None:
        try:
            self.address = Address.read(url)
            self.proxy = None if trusted else proxy_of(self.address)
        except (BadAddress, UselessProxy) as error:
            raise NoResponse(str(error)) from None
        self._authorization = _authorization(token)
        relayed = self.proxy if self.address.scheme == "http" else None  # through a tunnel, the proxy reads no request
        self._introduction = _encoded(relayed.headers) if relayed else ()
        self._connect = _connector(self.address, self.proxy, timeout, trusted)
        self._timeout = timeout
        self._idle: deque[HTTPConnection] = deque()
        self._process = os.getpid()

    def send(self, method: str, target: bytes, headers: Headers = (), content: bytes | None = None) -> ReceivedResponse:
        """Send a request to a path with its query, and return the whole response.

        Raises:
            NoResponse: none came back.
        """
        steering = target.startswith(CONTROL)
        if steering and self._authorization:
            headers = [*(it for it in headers if it[0].lower() != b"authorization"), *self._authorization]
        headers = completed(method, [*headers, *self._introduction], content, self.address.netloc)
        try:
            response = self._exchange(method, target, headers, content, again=steering and method in REPEATABLE)
        except (OSError, HTTPException) as error:
            raise NoResponse(f"{self._via}{_reason(error)}") from None
        if steering and self.proxy and not _is_of_an_emulator(response):
            raise NoResponse(f"{self._via}{NotAnEmulator(response)}")
        return response

    def lines(self, target: bytes, headers: Headers, media_type: str, silence: float) -> Iterator[bytes]:
        """Yield the lines of an answer of the control plane that goes on, of this media type, until the server ends it.

        Raises:
            NoResponse: none came, or nothing for so many seconds.
            Refused: the server said no, and why.
        """
        headers = completed("GET", [*headers, *self._authorization, *self._introduction], None, self.address.netloc)
        connection = self._connect()
        connection.timeout = silence
        try:
            answer = _ask(connection, "GET", self._whole(target), headers, None)
            if answer.status != 200 or not (answer.getheader("content-type") or "").startswith(media_type):
                raise Refused(read_refusal(_received(answer)))
            while line := answer.readline(LONGEST_LINE):
                yield line
        except (OSError, HTTPException) as error:
            raise NoResponse(f"{self._via}{_reason(error)}") from None
        finally:
            connection.close()

    def close(self) -> None:
        """Close every idle connection."""
        while self._idle:
            self._idle.pop().close()

    def __enter__(self) -> HttpClient:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def _via(self) -> str:
        return f"through {self.proxy}: " if self.proxy else ""

    def _exchange(self, method: str, target: bytes, headers: Headers, content: bytes | None, again: bool) -> ReceivedResponse:
        connection = self._idle_connection() or self._connect()
        idle = connection.sock is not None
        bound(connection, self._timeout if target.startswith(CONTROL) else self._timeout * TRICKLE)
        try:
            response = _received(_ask(connection, method, self._whole(target), headers, content))
        except (ConnectionError, HTTPException):
            connection.close()
            if idle and again:  # the server closed it just now
                return self._exchange(method, target, headers, content, again=False)
            raise
        except BaseException:
            connection.close()
            raise
        if connection.sock is not None:
            self._idle.append(connection)
        return response

    def _whole(self, target: bytes) -> str:
        try:
            path = self.address.path + target.decode("ascii")
        except UnicodeDecodeError:  # a server gave an id that is none
            raise InvalidURL(f"no request can ask for {escaped(target.decode(errors='replace'))}") from None
        return f"http://{self.address.netloc}{path}" if self.proxy and self.address.scheme == "http" else path

    def _idle_connection(self) -> HTTPConnection | None:
        """Take an idle connection that the server has not closed; a forked process leaves those of its parent alone."""
        if os.getpid() != self._process:
            self._idle, self._process = deque(), os.getpid()
        with suppress(IndexError):
            while True:
                connection = self._idle.pop()
                if not _is_readable(connection.sock):
                    return connection
                connection.close()
        return None


def _ask(connection: HTTPConnection, method: str, target: str, headers: Headers, content: bytes | None) -> HTTPResponse:
    """Send a request, and return its response, of which the body is not read yet."""
    if connection.sock is None:
        connection.connect()
    connection.putrequest(method, target, skip_host=True, skip_accept_encoding=True)
    for name, value in headers:
        connection.putheader(name, value)
    with suppress(BrokenPipeError):  # a server that refuses a body answers before its end
        connection.endheaders(content)
    return connection.getresponse()


def _received(answer: HTTPResponse) -> ReceivedResponse:
    raw = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in answer.getheaders()]
    return ReceivedResponse(answer.status, raw, body_of(answer))


def _is_of_an_emulator(response: ReceivedResponse) -> bool:
    """Tell whether an answer is one of our control plane: a JSON object or nothing, and an error with our marks."""
    if response.status >= 400:
        return response.header("emulator-error") is not None or "problem+json" in (response.header("content-type") or "")
    if response.status >= 300:
        return False
    try:
        return response.status == 204 or isinstance(read_foreign(response.content), dict)
    except ValueError:
        return False


def _encoded(headers: Mapping[str, str]) -> Headers:
    return [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()]


def _connector(address: Address, proxy: Proxy | None, timeout: float, trusted: bool) -> Any:
    """Return what makes a connection that is not open yet."""
    host, port = (proxy.host, proxy.port) if proxy else (address.host, address.port)
    if address.scheme == "http":
        return partial(HTTPConnection, host, port, timeout=timeout)
    context = _trusting_all() if trusted else _trusting()

    def connect() -> HTTPSConnection:
        connection = HTTPSConnection(host, port, timeout=timeout, context=context)
        if proxy:
            connection.set_tunnel(address.host, address.port, dict(proxy.headers))
        return connection

    return connect


def _authorization(token: str | None) -> Headers:
    """Return the header that shows a token.

    Raises:
        BadToken: no header can hold it; it is not printed.
    """
    bare = usable_token(token)
    return ((b"authorization", f"Bearer {bare}".encode()),) if bare else ()


def _is_readable(sock: Any) -> bool:
    """Tell whether there is something to read on an idle connection: only its end can be."""
    try:
        with DefaultSelector() as selector:
            selector.register(sock, EVENT_READ)
            return bool(selector.select(0))
    except (OSError, ValueError):
        return True


def _reason(error: Exception) -> str:
    if isinstance(error, ssl.SSLError) and error.reason in NO_TLS:
        return "it does not speak TLS there: use http://"
    return escaped(str(error)[:LONGEST_REASON]) or type(error).__name__


def _trusting() -> ssl.SSLContext:
    """Trust our own authority beside the others."""
    from emulator.server.tls import kept_certificate

    context = ssl.create_default_context()
    with suppress(ssl.SSLError):  # what is no certificate vouches for nobody
        if certificate := kept_certificate():
            context.load_verify_locations(cadata=certificate)
    return context


def _trusting_all() -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context
