"""The table of control routes, and the application that they make up."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from emulator.kernel.errors import EmulatorError
from emulator.vendors.vendor import dump
from emulator.web.control import catalogue, dry_run, faults, journal, past, worlds
from emulator.web.control.bodies import Reader, check_query, read_nothing, read_scenario, read_value
from emulator.web.control.plane import Plane
from emulator.web.control.problems import on_emulator_error, on_failure, on_http_error
from emulator.web.control.route import Asked, ControlRoute
from emulator.web.control.schemas import Schema, followed, sent
from emulator.web.guard import PREFIX

ROUTES = [
    row
    for module in (catalogue, worlds, journal, past, dry_run, faults)
    for row in vars(module).values()
    if isinstance(row, ControlRoute)
]
"""Every control route, in the order in which the modules declare them."""


def control_app(plane: Plane) -> Starlette:
    """The control plane over what it steers."""
    schemas = sent(plane.vendors)
    handlers: dict[Any, Any] = {EmulatorError: on_emulator_error, HTTPException: on_http_error, Exception: on_failure}
    paths: dict[str, dict[str, ControlRoute]] = {}
    for row in ROUTES:
        paths.setdefault(row.path, {})[row.method] = row
    routes = [_served(path, rows, plane, schemas) for path, rows in paths.items()]
    app = Starlette(routes=routes, exception_handlers=handlers)
    app.router.redirect_slashes = False  # a path is right or wrong, and Starlette cannot redirect every query
    return app


def _served(path: str, rows: Mapping[str, ControlRoute], plane: Plane, schemas: Mapping[str, Schema]) -> Route:
    """One path with all of its methods, so that a wrong one is told every right one."""
    readers = {method: _reader(row, schemas) for method, row in rows.items()}

    async def endpoint(request: Request) -> Response:
        method = "GET" if request.method == "HEAD" else request.method
        row, read = rows[method], readers[method]
        check_query(request, row.query)
        answer = row.handler(Asked(plane, request, await read(request)))
        if row.answer is None:
            return Response(status_code=row.status)
        return Response(dump(answer), row.status, media_type="application/json")

    return Route(PREFIX + path, endpoint, methods=[*rows])


def _reader(row: ControlRoute, schemas: Mapping[str, Schema]) -> Reader:
    if row.body is None:
        return read_nothing
    return (read_scenario if row.yaml else read_value)(followed(row.body, schemas))
