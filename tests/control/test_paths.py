"""A path leads to its control route and gives the values of its parameters; every other is refused as HTTP has it."""

from __future__ import annotations

import pytest

from emulator.control.app import ROUTES
from emulator.control.http import HttpError
from emulator.control.paths import Paths

PATHS = Paths(ROUTES)


@pytest.mark.parametrize(
    ("method", "path", "route", "parameters"),
    [
        ("GET", "/", "", {}),
        ("GET", "/_emulator", "", {}),
        ("GET", "/_emulator/", "", {}),
        ("GET", "/_emulator/worlds", "/worlds", {}),
        ("DELETE", "/_emulator/worlds/w 1", "/worlds/{world}", {"world": "w 1"}),
        ("GET", "/_emulator/worlds/{}", "/worlds/{world}", {"world": "{}"}),
        ("GET", "/_emulator/worlds/w/journal/3/explain", "/worlds/{world}/journal/{n}/explain", {"world": "w", "n": "3"}),
        ("GET", "/_emulator/scenarios/a/b/c", "/scenarios/{name:path}", {"name": "a/b/c"}),
        ("GET", "/_emulator/scenarios/", "/scenarios/{name:path}", {"name": ""}),
    ],
)
def test_a_path_leads_to_its_route(method: str, path: str, route: str, parameters: dict[str, str]) -> None:
    row, values = PATHS.find(method, path)
    assert (row.method, row.path, values) == (method, route, parameters)


@pytest.mark.parametrize(
    ("method", "path", "status", "allowed"),
    [
        ("GET", "/_emulator/world", 404, None),
        ("GET", "/_emulator/worlds/", 404, None),
        ("GET", "/_emulator/worlds//clock", 404, None),
        ("GET", "/_emulator/worlds/w/clock/", 404, None),
        ("GET", "/_emulator/worlds/w/clock/advance/more", 404, None),
        ("PUT", "/_emulator/worlds", 405, "GET, HEAD, POST"),
        ("GET", "/_emulator/worlds/w/reset", 405, "POST"),
    ],
)
def test_any_other_is_refused(method: str, path: str, status: int, allowed: str | None) -> None:
    with pytest.raises(HttpError) as refused:
        PATHS.find(method, path)
    assert (refused.value.status, refused.value.headers.get("allow")) == (status, allowed)
