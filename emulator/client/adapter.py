"""The application without a socket: an adapter for requests."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from io import BytesIO
from typing import Any
from urllib.parse import urlsplit

from emulator.client.connections import REASONS, AppResponse, ask, is_whole
from emulator.client.server import ControlError
from emulator.kernel.faults import HANG, RESET
from emulator.web.connection import App, ConnectionCut

try:
    from requests import PreparedRequest, Response, exceptions
    from requests.adapters import HTTPAdapter
    from urllib3 import HTTPHeaderDict, HTTPResponse, Timeout
    from urllib3.exceptions import ProtocolError
except ModuleNotFoundError:
    raise ControlError("emulator.adapter() is for requests, which is not installed here: pip install requests") from None

HTTP_1_1 = 11


class InProcessAdapter(HTTPAdapter):
    """An adapter to mount on a `requests.Session`. It raises the errors that requests would raise over a socket."""

    def __init__(self, app: App) -> None:
        super().__init__()
        self._app = app

    def send(
        self,
        request: PreparedRequest,
        stream: bool = False,  # noqa: ARG002  requests itself reads what is not to be streamed
        timeout: Any = None,
        verify: bool | str = True,  # noqa: ARG002
        cert: Any = None,  # noqa: ARG002
        proxies: Mapping[str, str] | None = None,  # noqa: ARG002
    ) -> Response:
        url = urlsplit(request.url or "")
        headers = [(name.encode("latin-1"), _latin(value)) for name, value in request.headers.items()]
        if "host" not in request.headers:
            headers.append((b"host", url.netloc.rpartition("@")[2].encode("latin-1")))
        method = request.method or "GET"
        try:
            answer = ask(
                self._app, method, request.path_url.encode(), headers, _body(request), url.scheme, _read_timeout(timeout)
            )
        except ConnectionCut as cut:
            raise _failure(cut, request) from None
        response: Response = self.build_response(request, _raw(answer, method))
        return response


class _Breaking(BytesIO):
    """A body that ends as the line was cut; that it is too short, urllib3 finds by itself."""

    def __init__(self, answer: AppResponse) -> None:
        super().__init__(answer.content)
        self._how = answer.cut.how if answer.cut and not is_whole(answer) else None

    def read(self, size: int | None = -1, /) -> bytes:
        content = super().read(size)
        if not content and self._how == RESET:
            raise ConnectionResetError(REASONS[RESET])
        if not content and self._how == HANG:
            raise TimeoutError("timed out")
        return content


def _raw(answer: AppResponse, method: str) -> HTTPResponse:
    return HTTPResponse(
        _Breaking(answer),
        headers=HTTPHeaderDict([(name.decode("latin-1"), value.decode("latin-1")) for name, value in answer.headers]),
        status=answer.status,
        version=HTTP_1_1,
        reason=_reason(answer.status),
        preload_content=False,
        decode_content=False,
        request_method=method,
    )


def _reason(status: int) -> str:
    """Return the reason phrase of a status, empty where HTTP does not know it."""
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return ""


def _latin(value: str | bytes) -> bytes:
    return value if isinstance(value, bytes) else value.encode("latin-1")


def _body(request: PreparedRequest) -> bytes:
    """Return the body that requests would send, made of text, bytes, a file of either, or pieces."""
    body: Any = request.body or b""
    if hasattr(body, "read"):
        body = body.read()
    if isinstance(body, str):
        return body.encode()
    return body if isinstance(body, bytes) else b"".join(it.encode() if isinstance(it, str) else it for it in body)


def _read_timeout(timeout: Any) -> float | None:
    """Return the seconds that requests would wait to read, from one of the forms in which it takes a timeout."""
    if isinstance(timeout, Timeout):
        timeout = timeout.read_timeout
    seconds: float | None = timeout[1] if isinstance(timeout, tuple) else timeout
    return seconds if isinstance(seconds, (int, float)) else None


def _failure(cut: ConnectionCut, request: PreparedRequest) -> Exception:
    """Return the error that requests raises on a socket where nothing comes back."""
    if cut.how == HANG:
        return exceptions.ReadTimeout("Read timed out.", request=request)
    return exceptions.ConnectionError(ProtocolError("Connection aborted.", REASONS[cut.how]), request=request)
