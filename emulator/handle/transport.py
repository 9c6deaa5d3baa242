"""The application without a socket: a transport for httpx, sync and async."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import httpx

from emulator.app import App
from emulator.handle.direct import Answered, Here, HereAwaited, asked
from emulator.kernel.faults import DROP, GARBAGE, HANG, RESET
from emulator.web.accidents import LineCut, at_once

FAILURES: dict[str, tuple[type[httpx.TransportError], str]] = {
    DROP: (httpx.RemoteProtocolError, "Server disconnected without sending a response."),
    RESET: (httpx.ReadError, "[Errno 104] Connection reset by peer"),
    GARBAGE: (httpx.RemoteProtocolError, "illegal status line"),
    HANG: (httpx.ReadTimeout, "timed out"),
}
"""What httpx raises on a socket to which this happens."""


class InProcess(httpx.BaseTransport, httpx.AsyncBaseTransport):
    """Calls the application where it stands. Who is `prompt` hears of a timeout at once, in an event loop too."""

    def __init__(self, app: App, prompt: bool = False) -> None:
        self._app = app
        self._prompt = prompt

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        return at_once(self._call(request, request.read(), Here(_patience(request))))

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        means = Here if self._prompt else HereAwaited
        return await self._call(request, await request.aread(), means(_patience(request)))

    async def _call(self, request: httpx.Request, body: bytes, here: Here) -> httpx.Response:
        target, headers, scheme = request.url.raw_path, request.headers.raw, request.url.scheme
        try:
            answer = await asked(self._app, here, request.method, target, headers, body, scheme)
        except LineCut as cut:
            failure, message = FAILURES[cut.how]
            raise failure(message, request=request) from None
        return httpx.Response(answer.status, headers=answer.headers, stream=Content(answer, request), request=request)


def _patience(request: httpx.Request) -> float | None:
    patience: float | None = request.extensions.get("timeout", {}).get("read")
    return patience


class Content(httpx.SyncByteStream, httpx.AsyncByteStream):
    """A body, which may break off."""

    def __init__(self, answer: Answered, request: httpx.Request) -> None:
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
        failure, message = FAILURES[self._answer.cut.how]
        if failure is httpx.RemoteProtocolError:
            message = f"peer closed connection without sending complete message body ({shortfall(self._answer)})"
        raise failure(message, request=self._request)


def length_of(answer: Answered) -> int:
    """How long the body was to be; where none could be, that was not said."""
    return int(dict(answer.headers).get(b"content-length", b"0"))


def is_whole(answer: Answered) -> bool:
    """Whether the body came before the line was cut."""
    return len(answer.content) == length_of(answer)


def shortfall(answer: Answered) -> str:
    """What there was of a body, and what there was to be."""
    return f"received {len(answer.content)} bytes, expected {length_of(answer)}"
