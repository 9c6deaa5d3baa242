"""The application without a socket: a transport for httpx, sync and async, and an adapter for requests."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from typing import TYPE_CHECKING, Any

import httpx

from emulator.app import App
from emulator.handle.direct import Answered, Headers, ask, ask_awaited
from emulator.kernel.faults import DROP, GARBAGE, HANG, RESET
from emulator.web.accidents import LineCut

if TYPE_CHECKING:
    from requests.adapters import BaseAdapter

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
        try:
            return self._response(request, ask(self._app, *_asked(request, request.read())))
        except LineCut as cut:
            raise _failure(cut, request) from None

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        body = await request.aread()
        if self._prompt:
            return self.handle_request(request)
        try:
            return self._response(request, await ask_awaited(self._app, *_asked(request, body)))
        except LineCut as cut:
            raise _failure(cut, request) from None

    def _response(self, request: httpx.Request, answer: Answered) -> httpx.Response:
        if answer.cut is None or is_whole(answer):
            return httpx.Response(answer.status, headers=answer.headers, content=answer.content, request=request)
        return httpx.Response(answer.status, headers=answer.headers, stream=Broken(answer, request), request=request)


def _asked(request: httpx.Request, body: bytes) -> tuple[str, bytes, Headers, bytes, str, float | None]:
    patience: float | None = request.extensions.get("timeout", {}).get("read")
    return request.method, request.url.raw_path, request.headers.raw, body, request.url.scheme, patience


def _failure(cut: LineCut, request: httpx.Request) -> httpx.TransportError:
    failure, message = FAILURES[cut.how]
    return failure(message, request=request)


class Broken(httpx.SyncByteStream, httpx.AsyncByteStream):
    """A body that breaks off."""

    def __init__(self, answer: Answered, request: httpx.Request) -> None:
        self._answer = answer
        self._request = request

    def __iter__(self) -> Iterator[bytes]:
        yield self._answer.content
        raise self._failure()

    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield self._answer.content
        raise self._failure()

    def _failure(self) -> httpx.TransportError:
        assert self._answer.cut is not None  # noqa: S101  it was made for one that is
        failure, message = FAILURES[self._answer.cut.how]
        if failure is httpx.RemoteProtocolError:
            message = f"peer closed connection without sending complete message body ({shortfall(self._answer)})"
        return failure(message, request=self._request)


def length_of(answer: Answered) -> int:
    """How long the body was to be; where none could be, that was not said."""
    return int(dict(answer.headers).get(b"content-length", b"0"))


def is_whole(answer: Answered) -> bool:
    """Whether the body came before the line was cut."""
    return len(answer.content) == length_of(answer)


def shortfall(answer: Answered) -> str:
    """What there was of a body, and what there was to be."""
    return f"received {len(answer.content)} bytes, expected {length_of(answer)}"


def requests_adapter(app: App) -> BaseAdapter:
    """An adapter to mount on a `requests.Session`."""
    import io

    from requests import PreparedRequest, Response
    from requests.adapters import BaseAdapter
    from urllib3 import HTTPResponse

    class InProcessAdapter(BaseAdapter):
        def send(self, request: PreparedRequest, *_args: Any, timeout: Any = None, **_options: Any) -> Response:
            body = request.body or b""
            sent = body.encode() if isinstance(body, str) else body if isinstance(body, bytes) else b"".join(body)
            url = httpx.URL(request.url or "")
            headers = [(name.encode("latin-1"), str(value).encode("latin-1")) for name, value in request.headers.items()]
            if "host" not in request.headers:
                headers.append((b"host", url.netloc))
            patience = timeout[1] if isinstance(timeout, tuple) else timeout
            try:
                answer = ask(app, request.method or "GET", url.raw_path, headers, sent, url.scheme, patience)
            except LineCut as cut:
                raise _failure_without_answer(cut, request) from None
            if answer.cut is not None and not is_whole(answer):
                raise _failure_in_the_middle(answer, request)
            response = Response()
            response.status_code, response.url, response.request = answer.status, request.url or "", request
            response.headers.update({name.decode("latin-1"): value.decode("latin-1") for name, value in answer.headers})
            content = io.BytesIO(answer.content)
            response.raw = HTTPResponse(
                content, dict(response.headers), answer.status, preload_content=False, request_method=request.method
            )
            return response

        def close(self) -> None:
            """There is nothing to close."""

    return InProcessAdapter()


def _failure_without_answer(cut: LineCut, request: Any) -> Exception:
    """What requests raises on a socket where nothing comes back."""
    from requests import exceptions
    from urllib3.exceptions import ProtocolError

    if cut.how == HANG:
        return exceptions.ReadTimeout("Read timed out.", request=request)
    return exceptions.ConnectionError(ProtocolError("Connection aborted.", FAILURES[cut.how][1]), request=request)


def _failure_in_the_middle(answer: Answered, request: Any) -> Exception:
    """What requests raises on a socket where a body breaks off."""
    from requests import exceptions
    from urllib3.exceptions import ProtocolError

    assert answer.cut is not None  # noqa: S101  it is told of no other
    if answer.cut.how == HANG:
        return exceptions.ConnectionError("Read timed out.", request=request)
    return exceptions.ChunkedEncodingError(ProtocolError(f"Connection broken: {shortfall(answer)}"), request=request)
