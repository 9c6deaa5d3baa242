"""The control plane, below /_emulator: worlds, their state, clock and journal, and what there is to choose from."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from emulator import __version__
from emulator.kernel.errors import BadInput, EmulatorError, NotFound
from emulator.kernel.quantities import parse_duration, parse_instant
from emulator.kernel.world import World
from emulator.kernel.worlds import Worlds
from emulator.scenario.grammar import scenario_schema, state_schema
from emulator.scenario.library import Library
from emulator.scenario.loader import load_text, load_value, state_problems
from emulator.scenario.scenario import Scenario, Vendors, lay_over, rate_of
from emulator.scenario.strict_yaml import parse
from emulator.scenario.validation import problems_in
from emulator.vendors.vendor import dump
from emulator.web.bodies import ADVANCE, CLOCK, NEW_WORLD, is_yaml, json_of, query_number, text_of
from emulator.web.problems import on_emulator_error, on_http_error
from emulator.web.shows import show_clock, show_entry, show_state, show_vendor, show_world

PREFIX = "/_emulator"


def reply(value: Any, status: int = 200) -> Response:
    """A JSON response."""
    return Response(dump(value), status, media_type="application/json")


class Control:
    """Every control route, over the worlds and the library of one server."""

    def __init__(self, worlds: Worlds, library: Library, vendors: Vendors) -> None:
        self._worlds = worlds
        self._library = library
        self._vendors = vendors
        self._made = 0

    def app(self) -> Starlette:
        """The routes as an application."""
        w = "/worlds/{world}"
        routes = [
            self._route("GET", "/health", self.health),
            self._route("GET", "/ready", self.health),
            self._route("GET", "/scenarios", self.scenarios),
            self._route("GET", "/scenarios/{name:path}", self.scenario),
            self._route("GET", "/schema", self.schema),
            self._route("GET", "/vendors", self.vendors),
            self._route("GET", "/vendors/{vendor}", self.vendor),
            self._route("GET", "/worlds", self.worlds),
            self._route("POST", "/worlds", self.make_world),
            self._route("GET", w, self.world),
            self._route("DELETE", w, self.drop_world),
            self._route("POST", f"{w}/reset", self.reset),
            self._route("GET", f"{w}/state", self.state),
            self._route("PATCH", f"{w}/state", self.change_state),
            self._route("GET", f"{w}/clock", self.clock),
            self._route("PATCH", f"{w}/clock", self.set_clock),
            self._route("POST", f"{w}/clock/advance", self.advance),
            self._route("GET", f"{w}/journal", self.journal),
            self._route("DELETE", f"{w}/journal", self.clear_journal),
        ]
        handlers: dict[Any, Any] = {EmulatorError: on_emulator_error, HTTPException: on_http_error}
        return Starlette(routes=routes, exception_handlers=handlers)

    def _route(self, method: str, path: str, endpoint: Callable[[Request], Awaitable[Response]]) -> Route:
        return Route(PREFIX + path, endpoint, methods=[method])

    async def health(self, _: Request) -> Response:
        return reply({"status": "ok", "version": __version__})

    async def scenarios(self, _: Request) -> Response:
        return reply({"scenarios": [self._summary(name) for name in self._library.names()]})

    def _summary(self, name: str) -> dict[str, Any]:
        try:
            return {"name": name, "title": self._library.get(name).title}
        except BadInput as error:
            return {"name": name, "problems": error.lines()}

    async def scenario(self, request: Request) -> Response:
        scenario = self._library.get(request.path_params["name"])
        return reply({"name": scenario.name, "title": scenario.title, "scenario": scenario.written})

    async def schema(self, _: Request) -> Response:
        return reply(scenario_schema(self._vendors))

    async def vendors(self, _: Request) -> Response:
        return reply({"vendors": [show_vendor(vendor) for vendor in self._vendors.values()]})

    async def vendor(self, request: Request) -> Response:
        name = request.path_params["vendor"]
        if name not in self._vendors:
            raise NotFound("vendor", name, self._vendors)
        return reply(show_vendor(self._vendors[name]))

    async def worlds(self, request: Request) -> Response:
        return reply({"worlds": [self._shown(world, request) for world in self._worlds]})

    async def make_world(self, request: Request) -> Response:
        scenario, wanted = await self._new_world(request)
        id = wanted.get("id") or self._next_id()
        world = scenario.world(self._vendors, id, wanted.get("seed"))
        self._worlds.add(world, scenario.claims(self._vendors, world, listed=wanted.get("claim", True)))
        return reply(self._shown(world, request), 201)

    async def world(self, request: Request) -> Response:
        return reply(self._shown(self._world(request), request))

    async def drop_world(self, request: Request) -> Response:
        self._worlds.remove(request.path_params["world"])
        return Response(status_code=204)

    async def reset(self, request: Request) -> Response:
        world = self._world(request)
        world.reset()
        return reply(self._shown(world, request))

    async def state(self, request: Request) -> Response:
        return reply(show_state(self._world(request), self._vendors))

    async def change_state(self, request: Request) -> Response:
        world = self._world(request)
        state = await self._written_state(request)
        if problems := list(state_problems(state, self._vendors)):
            raise BadInput(problems)
        lay_over(world, self._vendors, state, "set by control")
        return reply(show_state(world, self._vendors))

    async def clock(self, request: Request) -> Response:
        return reply(show_clock(self._world(request)))

    async def set_clock(self, request: Request) -> Response:
        world = self._world(request)
        wanted = await json_of(request, CLOCK)
        if "now" in wanted:
            world.advance_to(parse_instant(wanted["now"]))
        if "rate" in wanted:
            world.clock.run_at(rate_of(wanted["rate"]))
        return reply(show_clock(world))

    async def advance(self, request: Request) -> Response:
        world = self._world(request)
        wanted = await json_of(request, ADVANCE)
        if "by" in wanted:
            fired = world.advance_by(parse_duration(wanted["by"]))
        elif "to" in wanted:
            fired = world.advance_to(parse_instant(wanted["to"]))
        else:
            fired = world.advance_to_next() if wanted["until"] == "next" else world.advance_until_idle()
        return reply({"now": show_clock(world)["now"], "fired": [change.show() for change in fired]})

    async def journal(self, request: Request) -> Response:
        world = self._world(request)
        world.settle()
        limit = query_number(request, "limit", 1000, least=1)
        operation = request.query_params.get("operation")
        shown = [show_entry(entry) for entry in world.journal.since(query_number(request, "since", 0))]
        wanted = [entry for entry in shown if operation in (None, entry.get("operation"))]
        return reply({"last": world.journal.last, "dropped": world.journal.dropped, "entries": wanted[:limit]})

    async def clear_journal(self, request: Request) -> Response:
        self._world(request).journal.clear()
        return Response(status_code=204)

    def _world(self, request: Request) -> World:
        return self._worlds.get(request.path_params["world"])

    def _shown(self, world: World, request: Request) -> dict[str, Any]:
        return show_world(world, self._vendors, str(request.base_url).rstrip("/"))

    def _next_id(self) -> str:
        self._made += 1
        while f"w{self._made}" in self._worlds:
            self._made += 1
        return f"w{self._made}"

    async def _new_world(self, request: Request) -> tuple[Scenario, dict[str, Any]]:
        """The scenario of a world to be made, and its other wishes: from a JSON body, or from a YAML body and the query."""
        if is_yaml(request):
            wanted = _wishes(request)
            return load_text(await text_of(request), self._vendors, "inline", ""), wanted
        wanted = await json_of(request, NEW_WORLD)
        written = wanted.get("scenario", {"title": "An empty world"})
        if isinstance(written, str):
            return self._library.get(written), wanted
        return load_value(written, self._vendors), wanted

    async def _written_state(self, request: Request) -> dict[str, Any]:
        schema = state_schema(self._vendors.values())
        if not is_yaml(request):
            return await json_of(request, schema)
        document = parse(await text_of(request))
        problems = [*document.problems, *problems_in(document.value, schema)]
        if problems:
            raise BadInput([document.problem(it.message, it.path) for it in problems])
        state: dict[str, Any] = document.value
        return state


def _wishes(request: Request) -> dict[str, Any]:
    query = request.query_params
    wanted: dict[str, Any] = {"id": query["id"]} if "id" in query else {}
    if "seed" in query:
        wanted["seed"] = query_number(request, "seed", 0)
    if "claim" in query:
        wanted["claim"] = {"true": True, "false": False}.get(query["claim"], query["claim"])
    if problems := list(problems_in(wanted, NEW_WORLD)):
        raise BadInput(problems)
    return wanted
