"""What is the same for as long as a server runs is made once, however many ask for it at once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from emulator.control import app
from emulator.control.app import ROUTES
from emulator.control.route import ControlRoute
from emulator.server.app import create_app, worlds_of
from emulator.server.server import ThreadedServer

MANY = 12

FIXED = ["/openapi.json", "/schema", "/vendors", "/vendors/stripe"]


def test_the_routes_that_always_answer_the_same_say_so() -> None:
    assert [row.path for row in ROUTES if row.is_fixed] == [*FIXED[:-1], "/vendors/{vendor}"]
    assert all(row.takes_long for row in ROUTES if row.is_fixed)


@pytest.mark.parametrize("path", FIXED)
def test_many_that_ask_at_once_get_an_answer_that_is_made_once(path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    made, make = list[str](), app._respond

    def counted(row: ControlRoute, *arguments: Any) -> Any:
        made.append(row.path)
        return make(row, *arguments)

    monkeypatch.setattr(app, "_respond", counted)
    with ThreadedServer(create_app(worlds_of([]))) as server, ThreadPoolExecutor(MANY) as pool:
        replies = [*pool.map(lambda _: httpx.get(f"{server.url}/_emulator{path}", timeout=None), range(MANY))]
    assert {it.status_code for it in replies} == {200}
    assert len({it.content for it in replies}) == len(made) == 1


def test_what_is_refused_is_not_kept() -> None:
    with ThreadedServer(create_app(worlds_of([]))) as server:
        for name in ("nobody", "nobody", "stripe", "nobody"):
            expected = 200 if name == "stripe" else 404
            assert httpx.get(f"{server.url}/_emulator/vendors/{name}", timeout=None).status_code == expected
