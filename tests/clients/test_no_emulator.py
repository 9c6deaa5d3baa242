"""Commands that speak to a server tell in one line that what answers is no emulator, whatever it answers."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import click
import pytest

from emulator.cli.main import main
from emulator.client.emulator import Emulator
from emulator.client.event_source import events_in
from emulator.client.server import ControlError, EmulatorServer
from emulator.scenario.client import MAX_RESPONSE_DEPTH, fits, read_foreign
from emulator.server.app import create_app, worlds_of
from emulator.server.server import ThreadedServer
from tests.support.commands import invoke

CLOCK = {"now": "2026-01-01T00:00:00Z", "rate": "frozen", "next": None}
WORLD = {"id": "w", "seed": 1, "clock": CLOCK, "credentials": {}}
EMPTY = {
    "worlds": [],
    "text": "",
    "status": "ok",
    "id": "w",
    "credentials": {},
    "dropped": 0,
    "entries": [],
    "faults": [],
    "replies": [],
}
COMMANDS = [
    ["explain", "--url"],
    ["export", "--url"],
    ["healthcheck", "--url"],
    ["list", "worlds", "--url"],
    ["play", "first-run", "--against"],
    ["record", "--url"],
]
BODIES = {
    "deep": b"[" * 200_000 + b"]" * 200_000,
    "deep enough for a reader in C": json.dumps(EMPTY)[:-1].encode() + b',"x":' + b"[" * 400 + b"]" * 400 + b"}",
    "a list": b"[1,2]",
    "null": b"null",
    "nothing": b"",
    "no JSON": b"\x1f\x8b\x00",
    "a number of 10,000 digits": json.dumps(EMPTY)[:-1].encode() + b',"x":' + b"9" * 10_000 + b"}",
    "an exponent beyond all": json.dumps(EMPTY)[:-1].encode() + b',"x":1e99999999999999999999}',
    "other types": json.dumps(dict.fromkeys(EMPTY, 5)).encode(),
    "worlds of other types": json.dumps({"worlds": [WORLD | {"clock": 7}]}).encode(),
    "texts that a terminal obeys": b'{"text":7,"status":"\\u001b[2J\\n","message":"\\u001b[2J\\n"}',
}

Serve = Callable[[int, bytes], str]


@pytest.fixture
def serve() -> Iterator[Serve]:
    """A server that gives one answer to everything."""
    servers: list[ThreadingHTTPServer] = []

    def start(status: int, body: bytes) -> str:
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.rfile.read(int(self.headers.get("content-length") or 0))
                self.send_response(status)
                self.send_header("content-type", "application/json\x1b[2J")
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            do_POST = do_DELETE = do_GET  # noqa: N815

            def log_message(self, *_: object) -> None:
                pass

        servers.append(ThreadingHTTPServer(("127.0.0.1", 0), Handler))
        Thread(target=servers[0].serve_forever, args=(0.01,), daemon=True).start()
        return f"http://127.0.0.1:{servers[0].server_port}"

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


@pytest.mark.parametrize("id", ["w\u202e", "w\x1b[2J", "w\n", "w x", "\ud800"])
def test_an_id_that_no_request_can_name_is_told_in_one_line(serve: Serve, id: str) -> None:
    url = serve(200, json.dumps({**EMPTY, **WORLD, "id": id, "version": "0.1.0"}).encode())
    with EmulatorServer(url) as server, pytest.raises(ControlError) as told, Emulator(server=server):
        pass
    assert str(told.value).isprintable()


def test_the_commands_that_ask_a_server_are_these() -> None:
    asking = {
        name
        for name in main.list_commands(click.Context(main))
        for command in [main.get_command(click.Context(main), name)]
        if command is not None and {"--url", "--against"} & {opt for param in command.params for opt in param.opts}
    }
    assert asking == {command[0] for command in COMMANDS} | {"watch"}  # that goes on until it is told to end


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command[0])
@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES)
def test_a_command_tells_in_one_line_what_is_no_answer_of_an_emulator(serve: Serve, command: list[str], body: bytes) -> None:
    result = invoke(main, [*command, serve(201 if "play" in command else 200, body)])
    assert (result.exit_code, result.output.count("\n"), "\x1b" in result.output) == (1, 1, False)
    assert result.output.startswith("Error: ")
    assert "no emulator" in result.output or "no answer of an emulator" in result.output


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command[0])
@pytest.mark.parametrize("status", [302, 304, 403])
def test_a_redirect_and_a_refusal_without_a_word_are_no_answers_of_an_emulator(
    serve: Serve, command: list[str], status: int
) -> None:
    result = invoke(main, [*command, serve(status, b"")])
    assert (result.exit_code, result.output.count("\n")) == (1, 1)
    assert "no emulator" in result.output or "no answer of an emulator" in result.output


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command[0])
def test_a_refusal_is_told_in_one_line(serve: Serve, command: list[str]) -> None:
    result = invoke(main, [*command, serve(403, b'{"message":"not \\u001b[2J\\n you"}')])
    assert (result.exit_code, "\x1b" in result.output) == (1, False)
    assert "not \\x1b[2J\\x0a you" in result.output


@pytest.mark.parametrize("body", [BODIES["deep"], BODIES["no JSON"], BODIES["a number of 10,000 digits"]])
def test_a_handle_tells_that_a_server_is_no_emulator(serve: Serve, body: bytes) -> None:
    with EmulatorServer(serve(200, body)) as server, pytest.raises(ControlError, match="is no emulator"):
        server.ask("GET", "/worlds")


def test_worlds_at_a_rate_with_a_fraction_are_listed_as_json() -> None:
    with ThreadedServer(create_app(worlds_of([], rate=1.5))) as server:
        assert json.loads(invoke(main, ["list", "worlds", "--json", "--url", server.url]).output)[0]["clock"]["rate"] == 1.5


@pytest.mark.parametrize(("levels", "is_accepted"), [(MAX_RESPONSE_DEPTH, True), (MAX_RESPONSE_DEPTH + 1, False)])
def test_json_has_so_many_levels(levels: int, is_accepted: bool) -> None:
    content = b"[" * levels + b"0" + b"]" * levels
    if is_accepted:
        assert json.dumps(read_foreign(content)).encode() == content
    else:
        with pytest.raises(ValueError, match="nested more than"):
            read_foreign(content)


@pytest.mark.parametrize(
    ("value", "shape", "fit"),
    [
        ({"a": 1, "more": 2}, {"a": int}, True),
        ({}, {"a": int}, False),
        ({"a": None}, {"a": str | None}, True),
        ({}, {"a": str | None}, False),
        ([1], {"a": int}, False),
        ([{"a": 1}, {"a": "1"}], [{"a": int}], False),
        ("ab", [str], False),
        ({"x": {"y": "z"}}, {...: {...: str}}, True),
        ({"x": {"y": 1}}, {...: {...: str}}, False),
        ({"a": 2**64}, {"a": int}, True),
        ({"a": -(10**4_299)}, {"a": int | None}, False),
    ],
)
def test_a_value_fits_a_shape_with_all_its_names(value: object, shape: object, fit: bool) -> None:
    assert fits(value, shape) is fit


@pytest.mark.parametrize("id", ["a\rb: c", "a\0b", "\u202e", "\x1b[2J"])
def test_an_id_of_an_event_that_no_header_can_hold_is_passed_over(id: str) -> None:
    lines = [b"id: 7\n", f"id: {id}\n".encode(), b"event: reset\n", b'data: {"last": 1}\n', b"\n"]
    assert [*events_in(lines)] == [("reset", "7", {"last": 1})]
