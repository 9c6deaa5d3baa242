"""A handle in the process of its server gets answers as values: the same as from their JSON, and nobody else's."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from emulator import Emulator, EmulatorServer
from emulator.client.connections import LOCAL, AppResponse, ask, ask_control
from emulator.client.json_encoding import decode
from emulator.sdk.exact_json import dump
from emulator.web.gateway import Gateway

WORLD = "/worlds/w"

ASKED: list[tuple[str, str, Any]] = [
    ("GET", WORLD, None),
    ("GET", f"{WORLD}/clock", None),
    ("GET", f"{WORLD}/state", None),
    ("GET", f"{WORLD}/journal?limit=3", None),
    ("GET", f"{WORLD}/journal?limit=x", None),
    ("GET", "/vendors/stripe", None),
    ("GET", "/worlds/nowhere/clock", None),
    ("GET", f"{WORLD}/journal?credential=sk_live_{'a' * 24}", None),
    ("GET", f"{WORLD}/state?vendor=%73tripe", None),
    ("PATCH", f"{WORLD}/clock", {"rate": "real"}),
    ("PATCH", f"{WORLD}/clock", {"rate": 2}),
    ("PATCH", f"{WORLD}/clock", {"rate": 2.5}),
    ("PATCH", f"{WORLD}/clock", {"rate": Decimal("0.1")}),
    ("PATCH", f"{WORLD}/clock", {"rate": True}),
    ("PATCH", f"{WORLD}/clock", {"rate": None}),
    ("PATCH", f"{WORLD}/clock", {}),
    ("PATCH", f"{WORLD}/clock", []),
    ("PATCH", f"{WORLD}/clock", None),
    ("POST", f"{WORLD}/clock/advance", {"by": "1s"}),
    ("POST", f"{WORLD}/clock/advance", {"by": "1 fortnight"}),
    ("POST", f"{WORLD}/reset", {"seed": -1}),
    ("POST", f"{WORLD}/reset?seed=7", {"scenario": "first-run", "seed": 8}),
    ("POST", f"{WORLD}/reset?seed=7", {"scenario": "first-run"}),
    ("POST", "/worlds", {"id": "w"}),
    ("POST", "/worlds", {"id": "ß"}),
    ("POST", "/worlds", {"id": "x" * 2_000}),
    ("POST", "/worlds", {"scenario": {"title": "Another", "clock": {"rate": 1.5}}, "id": "v"}),
    ("POST", "/worlds", {"scenario": "first-ran"}),
    ("DELETE", "/worlds/default", None),
]


def answer(method: str, path: str, body: Any, is_handed_over: bool) -> tuple[int, Any]:
    """Return status and value of an answer in a new world `w`: as a handle gets it, or as its JSON is read."""
    with EmulatorServer() as server, Emulator("first-run", server=server, id="w"):
        app, target = server.app, f"/_emulator{path}".encode()
        assert isinstance(app, Gateway)
        if is_handed_over:
            response: AppResponse = ask_control(app, method, target, body)
        else:
            response = ask(app, method, target, LOCAL, b"" if body is None else dump(body))
        value = decode(response.content) if response.content else response.value
    clock = value.get("clock", value) if isinstance(value, dict) else {}
    if clock.get("rate", "frozen") != "frozen":
        del clock["now"]  # it ran on in between
    return response.status, value


@pytest.mark.parametrize(("method", "path", "body"), ASKED)
def test_a_handle_gets_what_anybody_reads_from_the_json(method: str, path: str, body: Any) -> None:
    handed_over, read = (answer(method, path, body, way) for way in (True, False))
    assert handed_over == read
    assert repr(handed_over) == repr(read)  # which tells 2 from 2.0, and a list from a tuple


def test_who_changes_an_answer_changes_nothing_else() -> None:
    with EmulatorServer() as server:
        once = server.ask("GET", "/worlds/default")
        once["credentials"]["stripe"]["api_key"] = once["clock"]["now"] = "changed"
        assert "changed" not in repr(server.ask("GET", "/worlds/default"))


@pytest.mark.parametrize(("path", "is_value"), [("/worlds/default", True), ("/vendors/stripe", False)])
def test_only_a_short_answer_is_handed_over_as_a_value(path: str, is_value: bool) -> None:
    with EmulatorServer() as server:
        response = ask_control(server.app, "GET", f"/_emulator{path}".encode(), None)  # type: ignore[arg-type]
        assert (response.value is not None, response.content == b"") == (is_value, is_value)


def test_a_reset_whose_answer_nobody_reads_is_refused_as_any_other() -> None:
    with EmulatorServer() as server, Emulator("first-run", server=server) as world:
        world.clock.advance("1h")
        began = world.clock.now
        world.reset()
        assert world.clock.now < began
        world.close()
        with pytest.raises(Exception, match="it was closed"):
            world.reset()
