"""The application without a socket: a transport for httpx, sync and async, and an adapter for requests."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import httpx

from emulator.app import App
from emulator.handle.direct import ask

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
        answer = ask(self._app, request.method, request.url.raw_path, request.headers.raw, body, request.url.scheme)
        return httpx.Response(answer.status, headers=answer.headers, content=answer.content, request=request)


def requests_adapter(app: App) -> BaseAdapter:
    """An adapter to mount on a `requests.Session`."""
    import io

    from requests import PreparedRequest, Response
    from requests.adapters import BaseAdapter
    from urllib3 import HTTPResponse

    class InProcessAdapter(BaseAdapter):
        def send(self, request: PreparedRequest, *_args: Any, **_options: Any) -> Response:
            body = request.body or b""
            sent = body.encode() if isinstance(body, str) else body if isinstance(body, bytes) else b"".join(body)
            url = httpx.URL(request.url or "")
            headers = [(name.encode("latin-1"), str(value).encode("latin-1")) for name, value in request.headers.items()]
            headers.append((b"host", url.netloc))
            answer = ask(app, request.method or "GET", url.raw_path, headers, sent, url.scheme)
            response = Response()
            response.status_code, response.url, response.request = answer.status, request.url or "", request
            response.headers.update({name.decode("latin-1"): value.decode("latin-1") for name, value in answer.headers})
            content = io.BytesIO(answer.content)
            response.raw = HTTPResponse(content, dict(response.headers), answer.status, preload_content=False)
            return response

        def close(self) -> None:
            """There is nothing to close."""

    return InProcessAdapter()
