"""The application without a socket: a transport for httpx, sync and async, and an adapter for requests."""

from __future__ import annotations

from collections.abc import Coroutine, MutableMapping
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

import httpx

from emulator.app import App

if TYPE_CHECKING:
    from requests.adapters import BaseAdapter


class InProcess(httpx.BaseTransport, httpx.AsyncBaseTransport):
    """Calls the application where it stands. It never waits for anything, so no event loop is needed to run it."""

    def __init__(self, app: App) -> None:
        self._app = app

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        return self._call(request, request.read())

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        return self._call(request, await request.aread())

    def _call(self, request: httpx.Request, body: bytes) -> httpx.Response:
        messages = ask(self._app, request.method, request.url.scheme, request.url.raw_path, request.headers.raw, body)
        content = b"".join(message.get("body", b"") for message in messages[1:])
        return httpx.Response(messages[0]["status"], headers=messages[0]["headers"], content=content, request=request)


def ask(
    app: App, method: str, scheme: str, target: bytes, headers: list[tuple[bytes, bytes]], body: bytes
) -> list[MutableMapping[str, Any]]:
    """What the application sends in answer to a request, as ASGI messages."""
    path, _, query = target.partition(b"?")
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": method,
        "scheme": scheme,
        "path": unquote(path.decode("latin-1")),
        "raw_path": path,
        "root_path": "",
        "query_string": query,
        "headers": [(name.lower(), value) for name, value in headers],
        "server": None,
        "client": ("127.0.0.1", 0),
    }
    incoming = [{"type": "http.request", "body": body, "more_body": False}]
    sent: list[MutableMapping[str, Any]] = []

    async def receive() -> MutableMapping[str, Any]:
        return incoming.pop() if incoming else {"type": "http.disconnect"}

    async def send(message: MutableMapping[str, Any]) -> None:
        sent.append(message)

    _run(app(scope, receive, send))
    return sent


def _run(coroutine: Coroutine[Any, Any, None]) -> None:
    try:
        coroutine.send(None)
    except StopIteration:
        return
    coroutine.close()
    raise RuntimeError("the application waited for something, which in-process it must not")


def requests_adapter(app: App) -> BaseAdapter:
    """An adapter to mount on a `requests.Session`."""
    import io

    from requests import PreparedRequest, Response
    from requests.adapters import BaseAdapter
    from urllib3 import HTTPResponse

    class InProcessAdapter(BaseAdapter):
        def send(self, request: PreparedRequest, *_args: Any, **_options: Any) -> Response:
            body = request.body or b""
            content = body.encode() if isinstance(body, str) else body if isinstance(body, bytes) else b"".join(body)
            url = httpx.URL(request.url or "")
            headers = [(name.encode("latin-1"), str(value).encode("latin-1")) for name, value in request.headers.items()]
            headers.append((b"host", url.netloc))
            start, *parts = ask(app, request.method or "GET", url.scheme, url.raw_path, headers, content)
            response = Response()
            response.status_code, response.url, response.request = start["status"], request.url or "", request
            response.headers.update({name.decode("latin-1"): value.decode("latin-1") for name, value in start["headers"]})
            content = b"".join(part.get("body", b"") for part in parts)
            response.raw = HTTPResponse(io.BytesIO(content), preload_content=False)
            return response

        def close(self) -> None:
            """There is nothing to close."""

    return InProcessAdapter()
