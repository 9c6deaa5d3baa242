"""Requests with long heads are read, answered, noted and told beside the event loop; without a socket, where they are."""

from __future__ import annotations

import asyncio
import sys
import threading
from collections.abc import Callable

import httpx
import pytest

from emulator.control import problems
from emulator.server.app import create_app, worlds_of
from emulator.server.server import ThreadedServer
from emulator.web import plan, unmatched
from emulator.web.access_log import AccessLog
from emulator.web.guard import LONG_HEADERS, LONG_TARGET, Guard
from emulator.web.unmatched import UnmatchedRequests
from tests.support.worst_texts import SIGNS, TOKENS, Worst

LONG = "t%256fken=%2561&" * (LONG_TARGET // 10)
LARGE_WORLD = "batch-emulator-apart"

STEPS: dict[str, tuple[object, str, set[str]]] = {
    "the guard": (Guard, "check", {"query", "headers", "path", "control"}),
    "its own reading": (plan, "read_request", {"query", "headers", "path"}),
    "the note of what matched no world": (UnmatchedRequests, "note_response", {"query", "headers", "path"}),
    "the hint at what is meant": (unmatched, "intended_target", {"query", "headers", "path"}),
    "the line of a vendor": (AccessLog, "log_exchange", {"query", "headers", "path"}),
    "every line of ours": (AccessLog, "log_request", {"path", "control"}),
    "the control plane's refusal": (problems, "problem", {"control"}),
}
REQUESTS: dict[str, tuple[str, dict[str, str]]] = {
    "query": (f"/live/account?api_key=any&{LONG}", {}),
    "headers": ("/live/account?api_key=any", {"X-Long": "a" * LONG_HEADERS}),
    "path": (f"/nowhere/{LONG}", {}),
    "control": (f"/_emulator/nowhere/{LONG}", {}),
}


@pytest.mark.parametrize("step", STEPS)
def test_a_long_head_is_dealt_with_beside_the_event_loop(step: str, monkeypatch: pytest.MonkeyPatch) -> None:
    owner, name, steps_beside = STEPS[step]
    threads: dict[str, set[str]] = {kind: set() for kind in REQUESTS}
    function: Callable[..., object] = getattr(owner, name)
    present = ""

    def note(*arguments: object, **options: object) -> object:
        if present:
            threads[present].add(threading.current_thread().name)
        return function(*arguments, **options)

    monkeypatch.setattr(owner, name, note)
    app = create_app(worlds_of([]), access_log=AccessLog(lambda _: None))
    with ThreadedServer(app) as server, httpx.Client(base_url=server.url, timeout=None) as client:
        client.post("/_emulator/worlds")  # or nothing is noted of the default world
        for kind, (target, headers) in REQUESTS.items():
            present = kind
            client.get(target, headers=headers)
    assert {kind: threads_of_kind for kind, threads_of_kind in threads.items() if kind in steps_beside} == {
        kind: {LARGE_WORLD} for kind in steps_beside
    }


@pytest.mark.parametrize("kind", REQUESTS)
def test_a_long_head_gets_the_same_answer_with_and_without_a_socket(kind: str) -> None:
    target, headers = REQUESTS[kind]

    async def without_a_socket() -> bytes:
        transport = httpx.ASGITransport(create_app(worlds_of([])))
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
            return (await client.get(target, headers=headers)).content

    with ThreadedServer(create_app(worlds_of([]))) as server:
        assert httpx.get(server.url + target, headers=headers, timeout=None).content == asyncio.run(without_a_socket())


@pytest.mark.parametrize("name", ["x-long", "host", "x-forwarded-host", "forwarded", "referer", "origin", "authorization"])
def test_the_guard_takes_less_than_one_step_for_each_byte_of_a_header(name: str) -> None:
    steps = {pump: _steps(name, Worst("a.", pump, "").of(10_000)) for pump in (*SIGNS, *TOKENS, "a.b.", "a=b;", "%%")}
    assert {pump: count for pump, count in steps.items() if count > 10_000} == {}


def _steps(name: str, value: str) -> int:
    """Count the calls of functions, of Python and of C, while the guard checks a request with this header."""
    headers = {b"host": b"localhost", name.encode(): value.encode("utf-8", "replace")}
    scope = {"path": "/live/account", "query_string": b"", "headers": [*headers.items()], "scheme": "http"}
    scope |= {"http_version": "1.1", "client": ("127.0.0.1", 1), "server": ("127.0.0.1", 80)}
    steps, guard = 0, Guard()

    def count(_frame: object, event: str, _argument: object) -> None:
        nonlocal steps
        steps += event in ("call", "c_call")

    sys.setprofile(count)
    try:
        guard.check(scope)
    finally:
        sys.setprofile(None)
    return steps


def test_a_host_that_is_longer_than_names_are_is_refused_and_not_remembered() -> None:
    guard = Guard()
    scope = {"path": "/", "query_string": b"", "headers": [(b"host", b"a" * 60_000)], "scheme": "http", "client": ("::1", 1)}
    refused = guard.check(scope | {"http_version": "1.1"})
    assert refused is not None
    assert (refused.status, len(refused.reason) < 500, guard._known) == (421, True, None)
