"""The control plane over ASGI, as Starlette routes and reads its requests. It is imported when the first one comes."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.routing import Route, compile_path

from emulator.control.app import ROUTES, ControlApp
from emulator.control.http import HttpRequest
from emulator.control.negotiation import EVENTS_TYPE
from emulator.control.problems import failure, http_problem
from emulator.control.route import ControlRoute
from emulator.text.checkpoint import Unwanted
from emulator.web.connection import Receive, Scope, Send, connection_of
from emulator.web.control_plane import ROOT
from emulator.web.guard import CONSOLE, PREFIX, off_loop_if_long
from emulator.web.response import OutgoingResponse, send_response

if TYPE_CHECKING:
    from emulator.control.event_stream import EventStream


class Reply:
    """Sends one response; none to a client that hung up before the end of its request."""

    def __init__(self, response: OutgoingResponse | EventStream | None) -> None:
        self._response = response

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send it."""
        response = self._response
        if isinstance(response, OutgoingResponse):
            await send_response(response, send, connection_of(scope))
        elif response is not None:
            await response.send_to(connection_of(scope), receive, send)


def asgi_app(control: ControlApp) -> Starlette:
    """Return the application that serves a control plane."""
    paths: dict[str, dict[str, ControlRoute]] = {}
    for row in ROUTES:
        paths.setdefault(row.path, {})[row.method] = row
    handlers: dict[Any, Any] = {
        HTTPException: _on_http_error,
        ClientDisconnect: _on_hang_up,
        Unwanted: _on_hang_up,
        Exception: _on_failure,
    }
    app = Starlette(
        routes=[
            Route(address, _endpoint(control, rows), methods=[*rows])
            for path, rows in paths.items()
            for address in addresses(path)
        ]
        + [Route(address, _console, methods=["GET"]) for address in (CONSOLE, f"{CONSOLE}/{{file}}")],
        exception_handlers=handlers,
    )
    app.router.redirect_slashes = False  # Starlette cannot redirect every query
    return app


def addresses(path: str) -> list[str]:
    """Return the paths at which a control route is served: below the prefix, and the index also at the root."""
    return [PREFIX + path] if path else [PREFIX, f"{PREFIX}/", ROOT]


def _endpoint(control: ControlApp, rows: Mapping[str, ControlRoute]) -> Callable[[Request], Awaitable[Reply]]:
    """Return the endpoint of one path with all of its methods, so that a wrong method hears the right ones."""

    async def endpoint(request: Request) -> Reply:
        row = rows["GET" if request.method == "HEAD" else request.method]
        if request.method == "HEAD" and row.raw == EVENTS_TYPE:
            raise HTTPException(405, headers={"allow": "GET"})
        return Reply(await control.respond(row, HttpRequest(request.scope, request.path_params, request.stream)))

    return endpoint


async def _console(request: Request) -> Reply:
    """Respond with a file of the console."""
    from emulator.control.console import respond_with_file

    return Reply(respond_with_file(HttpRequest(request.scope, request.path_params)))


async def _on_http_error(request: Request, error: HTTPException) -> Reply:
    """Answer an unknown path, a wrong method, and other errors of HTTP."""
    known = [PREFIX + row.path for row in ROUTES]
    if "Allow" in (error.headers or {}) and (methods := _methods_at(request.scope["path"])):
        error.headers = {"allow": ", ".join(methods)}
    return Reply(await off_loop_if_long(request.scope, http_problem, error, request.scope["path"], request.method, known))


def _methods_at(path: str) -> list[str]:
    """Return the methods that the routes take which have this path, one by its own name and others as that of a world."""
    methods = [row.method for row in ROUTES if compile_path(PREFIX + row.path)[0].match(path)]
    return sorted({*methods, *(["HEAD"] if "GET" in methods else ())})


async def _on_hang_up(_request: Request, _error: Exception) -> Reply:
    return Reply(None)


async def _on_failure(request: Request, _error: Exception) -> Reply:
    """Answer a bug of ours. Starlette raises it again for the log, so that the server hangs up."""
    return Reply(failure(request.scope["path"]))
