"""The application without a socket: a transport for httpx, sync and async, and for its successor httpx2."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator, Iterator
from functools import cache
from typing import TYPE_CHECKING, Any

from emulator.client.connections import REASONS, AppResponse, AsyncConnection, SyncConnection, ask_async, is_whole, shortfall
from emulator.client.server import ControlError
from emulator.kernel.faults import DROP, GARBAGE, HANG, RESET
from emulator.web.connection import App, ConnectionCut, run_sync

if TYPE_CHECKING:
    import httpx
else:
    try:
        import httpx
    except ModuleNotFoundError:
        try:
            import httpx2 as httpx
        except ModuleNotFoundError:
            raise ControlError("emulator.transport() is for httpx, which is not installed here: pip install httpx") from None

FAILURES = {DROP: "RemoteProtocolError", RESET: "ReadError", GARBAGE: "RemoteProtocolError", HANG: "ReadTimeout"}
"""The exceptions that both libraries raise on a socket to which this happens."""


class InProcess(httpx.BaseTransport, httpx.AsyncBaseTransport):
    """Calls the application where it stands. With `skip_delays` a timeout is raised at once, in an event loop too."""

    def __init__(self, app: App, skip_delays: bool = False) -> None:
        self._app = app
        self._prompt = skip_delays

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        return run_sync(self._call(request, request.read(), SyncConnection(_read_timeout(request))))

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        connection = SyncConnection if self._prompt else AsyncConnection
        return await self._call(request, await request.aread(), connection(_read_timeout(request)))

    async def _call(self, request: httpx.Request, body: bytes, here: SyncConnection) -> httpx.Response:
        target, headers, scheme = request.url.raw_path, request.headers.raw, request.url.scheme
        library = _library_of(request)
        try:
            answer = await ask_async(self._app, here, request.method, target, headers, body, scheme)
        except ConnectionCut as cut:
            raise _failure(library, cut.how, REASONS[cut.how], request) from None
        stream = _content_of(library)(answer, request)
        response: httpx.Response = library.Response(answer.status, headers=answer.headers, stream=stream, request=request)
        return response


def _library_of(request: httpx.Request) -> Any:
    """Return the library whose client sends a request: either may be given this transport where both are installed."""
    return sys.modules[type(request).__module__.partition(".")[0]]


def _failure(library: Any, how: str, message: str, request: httpx.Request) -> Exception:
    failure: Exception = getattr(library, FAILURES[how])(message, request=request)
    return failure


def _read_timeout(request: httpx.Request) -> float | None:
    read_timeout: float | None = request.extensions.get("timeout", {}).get("read")
    return read_timeout


@cache
def _content_of(library: Any) -> type[Content]:
    """Return the class of a body as this library demands it."""
    return type("Content", (Content, library.SyncByteStream, library.AsyncByteStream), {})


class Content:
    """A body, which may break off."""

    def __init__(self, answer: AppResponse, request: httpx.Request) -> None:
        self._answer = answer
        self._request = request

    def __iter__(self) -> Iterator[bytes]:
        yield self._answer.content
        self._break_off()

    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield self._answer.content
        self._break_off()

    def _break_off(self) -> None:
        if self._answer.cut is None or is_whole(self._answer):
            return
        how = self._answer.cut.how
        message = REASONS[how]
        if FAILURES[how] == "RemoteProtocolError":
            message = f"peer closed connection without sending complete message body ({shortfall(self._answer)})"
        raise _failure(_library_of(self._request), how, message, self._request)
