"""A control route: address, body, query and response, declared where it is handled; and the request that its handler gets."""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import KW_ONLY, dataclass, field, replace
from functools import partial, wraps
from itertools import chain
from types import NoneType
from typing import Any, NamedTuple, TypeVar, get_args, get_origin, get_type_hints

from emulator.control.bodies import Body, query_number
from emulator.control.context import ControlContext
from emulator.control.http import HttpRequest
from emulator.control.negotiation import JSON_TYPE, Forms
from emulator.control.record import Schema, schema_of
from emulator.kernel.errors import BadInput
from emulator.kernel.keeping import Receipts
from emulator.kernel.resource import Struct
from emulator.kernel.resource import field as struct_field
from emulator.kernel.world import World
from emulator.web.connection import InProcessConnection, connection_of
from emulator.web.origin import AUTHORITY
from emulator.web.receipts import WorldReceipt, expect_store, own_receipt, receipt_of
from emulator.web.waits import LONGEST

WORLD = "/worlds/{world}"

T = TypeVar("T")


class Outside(NamedTuple):
    """Work done outside of a world, and the seconds it may take at most."""

    works: Sequence[Future[None]]
    seconds: float = LONGEST


RELEASED = Outside((), 0)
"""A step that a handler yields once it is done with its world: its further steps run in a thread, in turns with others."""

Steps = Generator[Outside, None, T]
"""The steps of a handler, between which it has neither its world nor a thread until what it yields is done.

The last returns the response.
"""

Handler = Callable[..., Any]
"""Return the response for a request, or Steps to it; the handler of a route below WORLD gets the world first."""


class Pause(NamedTuple):
    """A handler between two of its steps: what it waits for, and the function that lets it go on in its world, if in one."""

    world: World | None
    until: Outside
    go_on: Callable[[], Any]


class ControlRequest(Struct, frozen=True):
    """A control request, its body read to the end, and the context of its server.

    One that `has_effect` is refused where that cannot be kept. `touched` are the worlds that it changed, or of which
    its answer tells, where there is a keeper, with the receipts of what happened there until then.
    """

    context: ControlContext
    http: HttpRequest
    body: Body
    has_effect: bool = False
    touched: dict[World, WorldReceipt | None] = struct_field(default_factory=dict)

    def expect_store(self, keeper: Receipts | None) -> None:
        """Make sure that what the request does can be kept; to look is always possible.

        Raises:
            NotKept: it cannot.
        """
        if keeper is not None and self.has_effect:
            expect_store(keeper)

    def touch(self, world: World) -> None:
        """Note a world whose lock the caller holds, or that nobody else knows.

        The answer goes out once what happened there is kept, and at once where one looks without a store.
        """
        keeper = world.keeper or self.context.worlds.keeper
        if keeper is not None and (self.has_effect or keeper.refusal is None):
            self.touched[world] = own_receipt(world)

    def receipts(self, of_worlds: bool) -> list[WorldReceipt]:
        """Return the receipts that the answer waits for, now that nobody holds the worlds any more."""
        keeper_of_worlds = self.context.worlds.keeper if of_worlds else None
        found = ((own, receipt_of(world, keeper_of_worlds)) for world, own in self.touched.items())
        return [it for it in chain.from_iterable(found) if it is not None]

    def path_param(self, name: str) -> str:
        """Return the value of a parameter of the path."""
        value: str = self.http.path_params[name]
        return value

    def number(self, name: str, default: int, least: int = 0) -> int:
        """Return a whole number from the query.

        Raises:
            BadInput: it is not one, is less than the least, or has more than 64 bits.
        """
        return query_number(self.http, name, default, least)

    def bounded(self, name: str, most: int, least: int = 1) -> int:
        """Return a whole number from the query that has a bound, by default the most that it may be.

        Raises:
            BadInput: it is not one, or lies beyond a bound.
        """
        if (number := self.number(name, most, least)) > most:
            raise BadInput.at(f"{name} is at most {most}, and this is {number}", name)
        return number

    @property
    def has_no_body(self) -> bool:
        """Tell whether the client sent no body, not even an empty object."""
        headers = self.http.headers
        return "transfer-encoding" not in headers and headers.get("content-length", "0") == "0"

    @property
    def base_url(self) -> str:
        """The URL at which this client reaches the server, without a path."""
        scope = self.http.scope
        return f"{scope['scheme']}://{scope.get(AUTHORITY) or self.http.headers.get('host') or 'localhost'}"

    @property
    def own_url(self) -> str:
        """The URL at which others reach the server, as far as the request knows it: none where it came without a socket."""
        return "" if isinstance(connection_of(self.http.scope), InProcessConnection) else self.base_url

    def url_of_links(self) -> str:
        """Return the URL at which a client finds what links lead to: a server in its process listens from now on."""
        return self.own_url or self.context.carriers.http.base_url()


def _no_handler(*_: object) -> Any:
    raise NotImplementedError


@dataclass(frozen=True, slots=True)
class ControlRoute:
    """One row of the control plane, and the decorator that gives it its handler.

    `path` follows the prefix. `answer` is the type of the response, from which its schema is made; None where it is empty.
    `body` is the schema of the request's body, None where it has none; with `yaml`, a scenario in YAML may stand in its place
    and the other members in the `query`. One that is taken `as_document` is no object, but a scenario; of one that is taken
    `as_file`, which has other bounds, the handler gets the bytes, its `file`. `forms` are the
    media types beside JSON, and `default_form` is that of a client that does not say what it accepts; with `text_for_shells`,
    curl gets text then. A handler that `takes_long` runs in a thread, so that no other world waits for it; it touches no world
    but its own, or one that it makes. One that `leaves_world` does not read the world that its path names; one `of_worlds`
    makes, drops, replaces or lists worlds. A POST that `is_trial` changes nothing. What `is_fixed` has the same answers for as
    long as the server runs. A `raw` route makes the response itself, of this media type: a file, or a stream of events.
    """

    method: str
    path: str
    summary: str
    _: KW_ONLY
    status: int = 200
    body: Schema | None = None
    yaml: bool = False
    as_document: bool = False
    as_file: bool = False
    query: Mapping[str, Schema] = field(default_factory=dict)
    forms: Forms = field(default_factory=dict)
    default_form: str = JSON_TYPE
    raw: str = ""
    text_for_shells: bool = False
    takes_long: bool = False
    leaves_world: bool = False
    of_worlds: bool = False
    is_trial: bool = False
    is_fixed: bool = False
    handler: Handler = _no_handler
    answer: Any = None

    def __call__(self, handler: Handler) -> ControlRoute:
        """Return the route with its handler, whose return type is the response; the status of an empty one is 204."""
        answer = get_type_hints(handler, include_extras=True)["return"]
        if is_stepwise := get_origin(answer) is Generator:
            answer = get_args(answer)[2]
        is_locked = self.path.startswith(WORLD) and not self.leaves_world
        route = replace(self, handler=_with_world(handler) if is_locked else _in_steps(handler) if is_stepwise else handler)
        return replace(route, status=204) if answer is NoneType else replace(route, answer=answer)

    @property
    def has_effect(self) -> bool:
        """Tell whether a request changes what others can see, and so goes on when its client is gone."""
        return self.method != "GET" and not self.is_trial

    @property
    def schema(self) -> Schema:
        """The JSON Schema of the response."""
        return schema_of(self.answer)


route = ControlRoute


def _with_world(handler: Handler) -> Handler:
    """Call a handler with the world that the path names, which nobody else touches meanwhile."""

    @wraps(handler)
    def with_world(request: ControlRequest) -> Any:
        context = request.context
        while True:
            world = context.worlds.get(request.path_param("world"))
            with world.lock:
                if not context.is_current(world):
                    continue  # another thread replaced it before this one had its lock
                try:
                    request.expect_store(world.keeper)
                    answer = handler(world, request)
                    return (
                        _step(answer, world, partial(_go_on, request, world, answer))
                        if isinstance(answer, Generator)
                        else answer
                    )
                finally:
                    context.review(world)
                    request.touch(world)

    return with_world


def _in_steps(handler: Handler) -> Handler:
    """Call a handler that takes steps, and has no world meanwhile."""
    return wraps(handler)(lambda request: _go_on_outside(handler(request)))


def _go_on_outside(steps: Steps[Any]) -> Any:
    return _step(steps, None, partial(_go_on_outside, steps))


def _go_on(request: ControlRequest, world: World, steps: Steps[Any]) -> Any:
    with world.lock:
        try:
            return _step(steps, world, partial(_go_on, request, world, steps))
        finally:
            request.context.review(world)
            request.touch(world)


def _step(steps: Steps[Any], world: World | None, go_on: Callable[[], Any]) -> Any:
    """Take a step in a world whose lock the caller holds, if it has one; return the response, or the pause before the next."""
    try:
        until = next(steps)
    except StopIteration as end:
        return end.value
    return Pause(None, until, partial(_go_on_outside, steps)) if until is RELEASED else Pause(world, until, go_on)
