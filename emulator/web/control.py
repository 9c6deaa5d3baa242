"""The control plane, below /_emulator: worlds, their state, clock and journal, and what there is to choose from."""

from __future__ import annotations

from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from emulator.kernel.errors import BadInput, EmulatorError, NotFound
from emulator.kernel.limits import Limits
from emulator.kernel.quantities import duration_at, parse_instant
from emulator.kernel.world import World
from emulator.kernel.worlds import Worlds
from emulator.scenario.contradictions import state_problems
from emulator.scenario.document import Document
from emulator.scenario.faults import fault_schema
from emulator.scenario.grammar import scenario_schema, state_schema
from emulator.scenario.library import Library
from emulator.scenario.loader import load_document
from emulator.scenario.scenario import Scenario, Vendors, lay_over, rate_of
from emulator.web.asked import Asked, Handler, Reader, WorldHandler, no_body, reply
from emulator.web.bodies import ADVANCE, CLOCK, NEW_WORLD, RESET, query_number, read_scenario, read_value, refuse_unknown_query
from emulator.web.fault_routes import add_fault, all_faults, clear_faults, one_fault, remove_fault
from emulator.web.gateway import Gateway
from emulator.web.guard import PREFIX
from emulator.web.past import Past
from emulator.web.problems import on_emulator_error, on_failure, on_http_error
from emulator.web.shows import show_clock, show_entry, show_state, show_vendor, show_world

WORLD = "/worlds/{world}"


class Control:
    """Every control route, over the worlds and the library of one server. A handler awaits nothing: it is all or nothing."""

    def __init__(self, worlds: Worlds, library: Library, vendors: Vendors, limits: Limits) -> None:
        self._limits = limits
        self._worlds = worlds
        self._library = library
        self._vendors = vendors
        self._made = 0
        self._document: dict[str, Any] = {}
        self._operations = [it.name for vendor in vendors.values() for it in vendor.operations]
        self._operations += [f"{vendor}.astray" for vendor in vendors]
        rehearsing = Gateway(worlds, vendors.values(), None, limits)
        self._past = Past(worlds, vendors, rehearsing, self._operations, self._shown, self._next_id)

    def app(self) -> Starlette:
        """The routes as an application."""
        state = read_value(state_schema(self._vendors.values()))
        fault = fault_schema(self._vendors.values())
        routes = [
            self._route("GET", "/health", self.health),
            self._route("GET", "/ready", self.health),
            self._route("GET", "/openapi.json", self.openapi),
            self._route("GET", "/scenarios", self.scenarios),
            self._route("GET", "/scenarios/{name:path}", self.scenario),
            self._route("GET", "/schema", self.schema),
            self._route("GET", "/vendors", self.vendors),
            self._route("GET", "/vendors/{vendor}", self.vendor),
            self._route("GET", "/worlds", self.worlds),
            self._route("POST", "/worlds", self.make_world, read_scenario(NEW_WORLD)),
            self._route("GET", WORLD, self._at_world(self.world)),
            self._route("DELETE", WORLD, self.drop_world),
            self._route("POST", f"{WORLD}/reset", self._at_world(self.reset), read_scenario(RESET)),
            self._route("GET", f"{WORLD}/state", self._at_world(self.state)),
            self._route("PATCH", f"{WORLD}/state", self._at_world(self.change_state), state),
            self._route("GET", f"{WORLD}/clock", self._at_world(self.clock)),
            self._route("PATCH", f"{WORLD}/clock", self._at_world(self.set_clock), read_value(CLOCK)),
            self._route("POST", f"{WORLD}/clock/advance", self._at_world(self.advance), read_value(ADVANCE)),
            self._route("GET", f"{WORLD}/journal", self._at_world(self.journal)),
            self._route("DELETE", f"{WORLD}/journal", self._at_world(self.clear_journal)),
            *(
                self._route(method, WORLD + path, self._at_world(handler), read)
                for method, path, handler, read in self._past.routes()
            ),
            self._route("GET", f"{WORLD}/faults", self._at_world(lambda world, _: reply(all_faults(world)))),
            self._route("POST", f"{WORLD}/faults", self._at_world(self.add_fault), read_value(fault)),
            self._route("DELETE", f"{WORLD}/faults", self._at_world(self.clear_faults)),
            self._route("GET", f"{WORLD}/faults/{{fault}}", self._at_world(self.fault)),
            self._route("DELETE", f"{WORLD}/faults/{{fault}}", self._at_world(self.remove_fault)),
        ]
        handlers: dict[Any, Any] = {EmulatorError: on_emulator_error, HTTPException: on_http_error, Exception: on_failure}
        app = Starlette(routes=routes, exception_handlers=handlers)
        app.router.redirect_slashes = False  # a path is right or wrong, and Starlette cannot redirect every query
        return app

    def _route(self, method: str, path: str, handler: Handler, read: Reader = no_body) -> Route:
        async def endpoint(request: Request) -> Response:
            return handler(Asked(request, await read(request)))

        return Route(PREFIX + path, endpoint, methods=[method])

    def _at_world(self, handler: WorldHandler) -> Handler:
        """A handler for the world that the path names, which nobody else touches meanwhile."""

        def at_world(asked: Asked) -> Response:
            world = self._worlds.get(asked.request.path_params["world"])
            with world.lock:
                return handler(world, asked)

        return at_world

    def health(self, _: Asked) -> Response:
        from emulator import __version__  # to look it up takes longer than all else that a start does not need

        return reply({"status": "ok", "version": __version__})

    def openapi(self, asked: Asked) -> Response:
        from emulator.openapi import document

        self._document = self._document or document(self._vendors, asked.request.app.routes)
        return reply(self._document)

    def scenarios(self, _: Asked) -> Response:
        return reply({"scenarios": [self._summary(name) for name in self._library.names()]})

    def _summary(self, name: str) -> dict[str, Any]:
        try:
            return {"name": name, "title": self._library.get(name).title}
        except BadInput as error:
            return {"name": name, "problems": error.lines()}

    def scenario(self, asked: Asked) -> Response:
        scenario = self._library.get(asked.request.path_params["name"])
        return reply({"name": scenario.name, "title": scenario.title, "scenario": scenario.written})

    def schema(self, _: Asked) -> Response:
        return reply(scenario_schema(self._vendors))

    def vendors(self, _: Asked) -> Response:
        return reply({"vendors": [show_vendor(vendor) for vendor in self._vendors.values()]})

    def vendor(self, asked: Asked) -> Response:
        name = asked.request.path_params["vendor"]
        if name not in self._vendors:
            raise NotFound("vendor", name, self._vendors)
        return reply(show_vendor(self._vendors[name]))

    def worlds(self, asked: Asked) -> Response:
        return reply({"worlds": [self._shown(world, asked) for world in self._worlds]})

    def make_world(self, asked: Asked) -> Response:
        wanted = asked.body
        scenario = self._scenario(wanted.get("scenario", {"title": "An empty world"}))
        world = scenario.world(self._vendors, wanted.get("id") or self._next_id(), wanted.get("seed"), None, self._limits)
        self._worlds.add(world, scenario.claims(self._vendors, world, listed=wanted.get("claim", True)))
        return reply(self._shown(world, asked), 201)

    def drop_world(self, asked: Asked) -> Response:
        self._worlds.remove(asked.request.path_params["world"])
        return Response(status_code=204)

    def world(self, world: World, asked: Asked) -> Response:
        return reply(self._shown(world, asked))

    def reset(self, world: World, asked: Asked) -> Response:
        """Back to the beginning, or to that of another scenario; what that lists is accepted, but not claimed."""
        if asked.body:
            written, seed = asked.body.get("scenario"), asked.body.get("seed", world.seed)
            if written is None:
                raise BadInput.at("a seed decides how a scenario begins: name the scenario too", "seed")
            scenario = self._scenario(written)
            new = scenario.world(self._vendors, world.id, seed, None, self._limits)
            own = [(name, vendor.credentials_of(world.id, world.seed).credential) for name, vendor in self._vendors.items()]
            self._worlds.replace(world, new, scenario.claims(self._vendors, new, listed=False), given_up=own)
            return reply(self._shown(new, asked))
        world.reset()
        return reply(self._shown(world, asked))

    def state(self, world: World, _: Asked) -> Response:
        return reply(show_state(world, self._vendors))

    def change_state(self, world: World, asked: Asked) -> Response:
        if problems := list(state_problems(asked.body, self._vendors)):
            raise BadInput(problems)
        lay_over(world, self._vendors, asked.body, "set by control")
        return reply(show_state(world, self._vendors))

    def clock(self, world: World, _: Asked) -> Response:
        return reply(show_clock(world))

    def set_clock(self, world: World, asked: Asked) -> Response:
        if "now" in asked.body:
            world.advance_to(parse_instant(asked.body["now"]))
        if "rate" in asked.body:
            world.clock.run_at(rate_of(asked.body["rate"]))
        return reply(show_clock(world))

    def advance(self, world: World, asked: Asked) -> Response:
        wanted = asked.body
        if "by" in wanted:
            fired = world.advance_by(duration_at(wanted["by"], "by"))
        elif "to" in wanted:
            fired = world.advance_to(parse_instant(wanted["to"]))
        else:
            fired = world.advance_to_next() if wanted["until"] == "next" else world.advance_until_idle()
        return reply({"now": show_clock(world)["now"], "fired": [change.show() for change in fired]})

    def journal(self, world: World, asked: Asked) -> Response:
        world.settle()
        refuse_unknown_query(asked.request, "since", "limit", "operation")
        since, limit = query_number(asked.request, "since", 0), query_number(asked.request, "limit", 1000, least=1)
        operation = asked.request.query_params.get("operation")
        if operation is not None and operation not in self._operations:
            raise BadInput.at(str(NotFound("operation", operation, self._operations)), "operation")
        shown = (show_entry(entry) for entry in world.journal.since(since))
        wanted = [entry for entry in shown if operation in (None, entry.get("operation"))]
        return reply({"last": world.journal.last, "dropped": world.journal.dropped, "entries": wanted[:limit]})

    def clear_journal(self, world: World, _: Asked) -> Response:
        world.journal.clear()
        return Response(status_code=204)

    def add_fault(self, world: World, asked: Asked) -> Response:
        return reply(add_fault(world, asked.body, self._vendors), 201)

    def fault(self, world: World, asked: Asked) -> Response:
        return reply(one_fault(world, asked.request.path_params["fault"]))

    def remove_fault(self, world: World, asked: Asked) -> Response:
        remove_fault(world, asked.request.path_params["fault"])
        return Response(status_code=204)

    def clear_faults(self, world: World, _: Asked) -> Response:
        clear_faults(world)
        return Response(status_code=204)

    def _scenario(self, written: str | dict[str, Any] | Document) -> Scenario:
        """The scenario of a name in the library, of a value or of a YAML document. A request cannot name a file."""
        if isinstance(written, str):
            return self._library.get(written)
        return load_document(written if isinstance(written, Document) else Document(written), self._vendors)

    def _shown(self, world: World, asked: Asked) -> dict[str, Any]:
        with world.lock:
            return show_world(world, self._vendors, str(asked.request.base_url).rstrip("/"))

    def _next_id(self) -> str:
        self._made += 1
        while f"w{self._made}" in self._worlds:
            self._made += 1
        return f"w{self._made}"
