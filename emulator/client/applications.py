"""Applications, ASGI or WSGI, called in this process with a notification, and the report of what came of it."""

from __future__ import annotations

import asyncio
import inspect
import sysconfig
from collections.abc import Callable, Coroutine, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from io import BytesIO
from pathlib import Path
from threading import Lock
from traceback import FrameSummary, extract_tb
from typing import Any, TypeVar
from urllib.parse import unquote_to_bytes, urlsplit

from emulator.control.delivery_models import OutgoingDelivery

App = Callable[..., Any]
Report = dict[str, Any]
"""The report on a delivery: the receiver's `status` and `body`, or an `error`."""

T = TypeVar("T")

NOTHING: Report = {"error": "the receiver answered nothing"}
MOST_KEPT = 16_384
"""Bytes of a receiver's answer that are read and reported; one that goes on then finds that its client is gone."""

HTTP_STATUSES = range(100, 600)

BACKGROUND_SECONDS = 1.0
"""Seconds, at most, for which the tasks go on that an application leaves behind when it has answered."""

CLOSE_SECONDS = 5.0
"""Seconds for which an application may go on whose handle is closed."""

LIBRARIES = tuple({sysconfig.get_path(it) for it in ("stdlib", "platstdlib", "purelib", "platlib")})
"""The folders of code that is not the application's own."""

WSGI, ASGI = 2, 3
"""The parameters of an application, by kind."""


def kind_of(app: App) -> int:
    """Return the kind of an application, by its parameters: that of WSGI or of ASGI.

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


class OwnLoop:
    """A loop of asyncio for the applications of a handle. It lasts, so that what they keep open can be used again."""

    def __init__(self) -> None:
        self._runner: asyncio.Runner | None = None
        self._lock = Lock()

    def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """Run what an application does; one that is called while another one waits for it has a loop of its own."""
        return _where_no_loop_runs(partial(self._run, coroutine))

    def close(self) -> None:
        """End the loop, and the tasks in it, once the application has answered that is called there; give it some seconds."""
        if self._runner is not None and self._lock.acquire(timeout=CLOSE_SECONDS):
            _where_no_loop_runs(self._runner.close)  # and what is called from now on has a loop of its own

    def _run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        if not self._lock.acquire(blocking=False):
            return asyncio.run(coroutine)
        try:
            self._runner = self._runner or asyncio.Runner(loop_factory=asyncio.new_event_loop)
            return self._runner.run(coroutine)
        finally:
            self._lock.release()


def _where_no_loop_runs(function: Callable[[], T]) -> T:
    """Call a function in this thread, or in another one if a loop of asyncio runs in this."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return function()
    with ThreadPoolExecutor(1, "batch-emulator-receiver") as pool:
        return pool.submit(function).result()


async def answered_and_done(app: App, outgoing: OutgoingDelivery) -> Report:
    """Call an ASGI application in a loop that ends with it, and let the tasks go on for a while that it leaves behind."""
    earlier = asyncio.all_tasks()
    report = await answered(app, outgoing)
    if left := asyncio.all_tasks() - earlier:
        await asyncio.wait(left, timeout=BACKGROUND_SECONDS)
    return report


async def answered(app: App, outgoing: OutgoingDelivery) -> Report:
    """Call an application in the running loop."""
    if kind_of(app) == WSGI:
        return called(app, outgoing)
    try:
        return await _answer_of(app, outgoing)
    except Exception as error:
        return raised(error)


async def _answer_of(app: App, outgoing: OutgoingDelivery) -> Report:
    """Call an ASGI application."""
    url, parts = urlsplit(outgoing.url), [outgoing.body.encode()]
    starts, content = list[Mapping[str, Any]](), bytearray()

    async def receive() -> Mapping[str, Any]:
        return {"type": "http.request", "body": parts.pop()} if parts else {"type": "http.disconnect"}

    async def send(message: Mapping[str, Any]) -> None:
        if message["type"] == "http.response.start":
            starts.append(message)
        elif message["type"] == "http.response.body":
            if (part := message.get("body")) and len(content) >= MOST_KEPT:
                raise OSError("the client is gone")
            content.extend(part or b"")

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
    try:
        await app(scope, receive, send)
    except Exception:
        if len(content) < MOST_KEPT:
            raise
    return _answered(starts[0]["status"], content) if starts else NOTHING


def called(app: App, outgoing: OutgoingDelivery) -> Report:
    """Call a WSGI application."""
    url, body, started, content = urlsplit(outgoing.url), outgoing.body.encode(), list[str](), bytearray()
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
            for part in parts:
                content += part
                if len(content) >= MOST_KEPT:
                    break
        finally:
            getattr(parts, "close", lambda: None)()
    except Exception as error:
        return raised(error)
    return _answered(started[-1].split(" ")[0], content) if started else NOTHING


def raised(error: BaseException) -> Report:
    """Return the report that an application raised an error: its first line, and the line of code of the application's own."""
    while isinstance(error, BaseExceptionGroup) and len(error.exceptions) == 1:
        error = error.exceptions[0]
    first, *_ = str(error).strip().splitlines() or ["nothing said"]
    return {"error": f"the receiver raised {type(error).__name__}: {first}{_place(error)}"[:1_000]}


def _place(error: BaseException) -> str:
    """Return the innermost line of code that is of no library, as a text; nothing where there is none."""
    frames: list[FrameSummary] = [it for it in extract_tb(error.__traceback__) if not it.filename.startswith(LIBRARIES)]
    own = [it for it in frames if Path(it.filename) != Path(__file__) and not it.filename.startswith("<")]
    return f" ({Path(own[-1].filename).name}:{own[-1].lineno}, in {own[-1].name})" if own else ""


def _headers(outgoing: OutgoingDelivery) -> list[tuple[str, str]]:
    host, length = urlsplit(outgoing.url).netloc.rpartition("@")[2], str(len(outgoing.body.encode()))
    return [("Host", host), *((name, value) for name, value in outgoing.headers), ("Content-Length", length)]


def _answered(status: object, content: bytearray) -> Report:
    """Return the report on an answer; one whose status HTTP does not have is none."""
    text = str(status)
    if not (text.isascii() and text.isdecimal() and len(text) == 3 and int(text) in HTTP_STATUSES):
        return {"error": f"the receiver answered with the status {text[:100]!r}, which HTTP does not have"}
    return {"status": int(text), "body": content[:MOST_KEPT].decode("utf-8", "replace")}
