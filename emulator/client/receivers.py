"""Receivers that a test holds: applications, ASGI or WSGI, called in its process when a notification is due."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Awaitable, Callable, Generator, Iterator, Mapping
from contextlib import contextmanager, suppress
from io import BytesIO
from typing import Any, NamedTuple
from urllib.parse import unquote_to_bytes, urlsplit

from emulator.client.courier import Courier
from emulator.client.journal import Change
from emulator.control.delivery_models import OutgoingDelivery
from emulator.control.record import from_json
from emulator.scenario.document import JsonObject

App = Callable[..., Any]
Report = dict[str, Any]
"""The report on a delivery: the receiver's `status` and `body`, or an `error`."""

NOTHING: Report = {"error": "the receiver answered nothing"}
LOOP_SECONDS = 5.0
"""Seconds that a receiver has in the loop of a test, while a vendor's call waits for it."""

BLOCKED = "the receiver did not answer in the test's event loop: a call that waits for it must be awaited, not block the loop"
MOST_KEPT = 16_384
"""Bytes of a receiver's answer that are reported."""


class Request(NamedTuple):
    """A POST that a receiver gets."""

    url: str
    headers: tuple[tuple[str, str], ...]
    body: bytes


class Receivers:
    """The receivers of one handle's world, by URL."""

    def __init__(self, ask: Callable[..., Any]) -> None:
        self._ask = ask
        self._apps: dict[str, App] = {}
        self._loop: asyncio.AbstractEventLoop | None = None
        self._courier = Courier(ask, self._deliver_apart)
        self.is_called = False

    def add(self, url: str, app: App) -> None:
        """Have an application called for what is owed to a URL.

        Raises:
            TypeError: it is no application.
        """
        _arity(app)
        self._apps[url] = app
        self._note_loop()
        self._ask("PUT", "/receivers", {"receivers": [*self._apps]})
        self._courier.start()

    def advance(self, body: JsonObject) -> list[Change]:
        """Let time pass, and call the receivers of what is due on the way."""
        steps = self._steps(body)
        report = None
        while True:
            try:
                outgoing = steps.send(report)
            except StopIteration as end:
                changes: list[Change] = end.value
                return changes
            with self._calling():
                report = self._deliver(outgoing)

    async def aadvance(self, body: JsonObject, in_thread: Callable[..., Awaitable[Any]]) -> list[Change]:
        """Let time pass as `advance` does, while applications are called in the running loop."""
        steps, report = self._steps(body), None
        self._note_loop()
        while True:
            outgoing = await in_thread(_next, steps, report)
            if isinstance(outgoing, list):
                return outgoing
            with self._calling():
                report = await _reported(self._apps[outgoing.url], outgoing)

    def _steps(self, body: JsonObject) -> Generator[OutgoingDelivery, Report | None, list[Change]]:
        """Yield each delivery that is due on the way, report what came of it, and return the changes."""
        changes: list[Change] = []
        while True:
            answer = self._ask("POST", "/clock/advance", body)
            changes += [from_json(Change, it) for it in answer["fired"]]
            outgoing = [from_json(OutgoingDelivery, it) for it in answer.get("deliveries", ())]
            for it in outgoing:
                report = yield it
                self._ask("POST", f"/deliveries/{it.id}/attempts", report)
            if not outgoing or body.get("until") == "next":
                return changes
            body = {"to": answer["to"]} if "to" in answer else body

    def _deliver(self, outgoing: OutgoingDelivery) -> Report:
        app = self._apps[outgoing.url]
        return asyncio.run(_reported(app, outgoing)) if _arity(app) == ASGI else _called(app, outgoing)

    def _deliver_apart(self, outgoing: OutgoingDelivery) -> Report:
        """Call a receiver from a thread of its own: one of ASGI in the loop of an asynchronous test, where one runs."""
        app, loop = self._apps[outgoing.url], self._loop
        with self._calling():
            if loop is None or not loop.is_running() or _arity(app) == WSGI:
                return self._deliver(outgoing)
            called = asyncio.run_coroutine_threadsafe(_reported(app, outgoing), loop)
            try:
                return called.result(LOOP_SECONDS)
            except TimeoutError:
                called.cancel()
                return {"error": BLOCKED}

    def _note_loop(self) -> None:
        """Remember the loop of an asynchronous test, in which its receivers are called."""
        with suppress(RuntimeError):  # none of asyncio runs
            self._loop = asyncio.get_running_loop()

    @contextmanager
    def _calling(self) -> Iterator[None]:
        self.is_called = True
        try:
            yield
        finally:
            self.is_called = False


def _next(steps: Generator[OutgoingDelivery, Report | None, list[Change]], report: Report | None) -> Any:
    try:
        return steps.send(report)
    except StopIteration as end:
        return end.value


WSGI, ASGI = 2, 3
"""The parameters of an application, by kind."""


def _arity(app: App) -> int:
    """Return how many parameters an application takes: those of WSGI or of ASGI.

    Raises:
        TypeError: it takes neither.
    """
    try:
        parameters = inspect.signature(app).parameters.values()
    except (TypeError, ValueError):
        parameters = ()  # type: ignore[assignment]
    plain = [it for it in parameters if it.default is it.empty and it.kind in (it.POSITIONAL_ONLY, it.POSITIONAL_OR_KEYWORD)]
    if len(plain) not in (WSGI, ASGI):
        raise TypeError(f"{app!r} is no application: ASGI's takes (scope, receive, send), WSGI's (environ, start_response)")
    return len(plain)


async def _reported(app: App, outgoing: OutgoingDelivery) -> Report:
    if _arity(app) == WSGI:
        return _called(app, outgoing)
    try:
        return await _answer_of(app, outgoing)
    except Exception as error:
        return _raised(error)


async def _answer_of(app: App, outgoing: OutgoingDelivery) -> Report:
    """Call an ASGI application."""
    url, parts = urlsplit(outgoing.url), [outgoing.body.encode()]
    messages: list[Mapping[str, Any]] = []

    async def receive() -> Mapping[str, Any]:
        return {"type": "http.request", "body": parts.pop()} if parts else {"type": "http.disconnect"}

    async def send(message: Mapping[str, Any]) -> None:
        messages.append(message)

    headers = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in _headers(outgoing)]
    scope = {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.4"},
        "http_version": "1.1",
        "method": "POST",
        "scheme": url.scheme,
        "path": unquote_to_bytes(url.path or "/").decode("utf-8", "replace"),
        "raw_path": (url.path or "/").encode(),
        "query_string": url.query.encode(),
        "root_path": "",
        "headers": headers,
        "client": ("127.0.0.1", 0),
        "server": (url.hostname, url.port or (443 if url.scheme == "https" else 80)),
    }
    await app(scope, receive, send)
    started = next((it for it in messages if it["type"] == "http.response.start"), None)
    if started is None:
        return NOTHING
    body = b"".join(it.get("body", b"") for it in messages if it["type"] == "http.response.body")
    return {"status": started["status"], "body": _kept(body)}


def _called(app: App, outgoing: OutgoingDelivery) -> Report:
    """Call a WSGI application."""
    url, body, started = urlsplit(outgoing.url), outgoing.body.encode(), list[str]()
    port = str(url.port or (443 if url.scheme == "https" else 80))
    headers = {name.upper().replace("-", "_"): value for name, value in _headers(outgoing)}
    named = {name if name in ("CONTENT_TYPE", "CONTENT_LENGTH") else f"HTTP_{name}": it for name, it in headers.items()}
    environ = {
        **named,
        "REQUEST_METHOD": "POST",
        "SCRIPT_NAME": "",
        "PATH_INFO": unquote_to_bytes(url.path or "/").decode("latin-1"),
        "QUERY_STRING": url.query,
        "SERVER_NAME": url.hostname or "",
        "SERVER_PORT": port,
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": "127.0.0.1",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": url.scheme,
        "wsgi.input": BytesIO(body),
        "wsgi.errors": BytesIO(),
        "wsgi.multithread": False,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
    }
    try:
        parts = app(environ, lambda status, *_: started.append(status))
        try:
            content = b"".join(parts)
        finally:
            getattr(parts, "close", lambda: None)()
    except Exception as error:
        return _raised(error)
    return {"status": int(started[-1].split()[0]), "body": _kept(content)} if started else NOTHING


def _headers(outgoing: OutgoingDelivery) -> list[tuple[str, str]]:
    host, length = urlsplit(outgoing.url).netloc.rpartition("@")[2], str(len(outgoing.body.encode()))
    return [("Host", host), *((name, value) for name, value in outgoing.headers), ("Content-Length", length)]


def _kept(body: bytes) -> str:
    return body[:MOST_KEPT].decode("utf-8", "replace")


def _raised(error: Exception) -> Report:
    return {"error": f"the receiver raised {type(error).__name__}: {error}"[:1_000]}
