"""Bodies of control requests as curl sends them: too large, in parts, or without their line ends; each refusal names the cure."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

from emulator.client.transport import InProcess
from emulator.kernel.limits import Limits
from emulator.server.app import create_app, worlds_of
from tests.support.loading import LIBRARY

WORLDS = "/_emulator/worlds"
STATE = f"{WORLDS}/default/state"
YAML = {"content-type": "application/yaml"}
STORY = "title: A\ngiven:\n  serpwow: {account: {credits_limit: 5}}\nsteps:\n  - advance: 1s\n"


def client_with(limits: Limits) -> httpx.Client:
    app = create_app(worlds_of([LIBRARY.get("first-run")]), limits=limits)
    return httpx.Client(transport=InProcess(app), base_url="http://127.0.0.1:8080")


@pytest.fixture
def client() -> Iterator[httpx.Client]:
    with client_with(Limits()) as client:
        yield client


@pytest.mark.parametrize(("method", "path"), [("POST", WORLDS), ("PATCH", STATE), ("POST", f"{WORLDS}/default/dry-run")])
@pytest.mark.parametrize("headers", [{}, YAML])
def test_the_bound_of_control_bodies_is_an_option_of_its_own(method: str, path: str, headers: dict[str, str]) -> None:
    with client_with(Limits(body=10, control=200)) as client:
        response = client.request(method, path, content=b" " * 201, headers=headers)
        assert response.status_code == 413
        assert response.json()["detail"].endswith(
            "at most 200 bytes here: EMULATOR_MAX_CONTROL (serve --max-control) allows more"
        )
        assert client.request(method, path, content=b" " * 200, headers=headers).status_code != 413


@pytest.mark.parametrize("padding", [" ", "#"])
def test_a_larger_bound_lets_larger_scenarios_in(padding: str) -> None:
    story = f"{STORY}# {padding * 1_200_000}\n"
    with client_with(Limits(control=3_000_000)) as client:
        assert client.post(WORLDS, content=story, headers=YAML).status_code == 201


def test_the_bound_of_bodies_to_vendors_says_its_own_option() -> None:
    with client_with(Limits(body=100)) as client:
        response = client.post("/live/batches?api_key=k", content=b"x" * 101)
        dry = client.post(
            f"{WORLDS}/default/dry-run", json={"method": "POST", "url": "/live/batches?api_key=k", "body": "x" * 101}
        )
    assert "EMULATOR_MAX_BODY" in response.json()["message"]
    assert "EMULATOR_MAX_BODY" in dry.json()["detail"]


@pytest.mark.parametrize("text", [STORY, f"# a story\n{STORY}", f"---\n{STORY}"])
@pytest.mark.parametrize("headers", [YAML, {"content-type": "application/x-www-form-urlencoded"}])
def test_a_scenario_whose_line_ends_curl_took_away_is_told_how_to_keep_them(
    client: httpx.Client, text: str, headers: dict[str, str]
) -> None:
    before = len(client.get(WORLDS).json()["worlds"])
    response = client.post(WORLDS, content=text.replace("\n", ""), headers=headers)
    assert response.status_code == 422
    assert "--data-binary @FILE keeps the line ends" in response.json()["detail"]
    assert len(client.get(WORLDS).json()["worlds"]) == before


@pytest.mark.parametrize("text", ["{title: A", "title: A\ngiven: {serpwow: {\n"])
def test_a_mistake_of_another_kind_is_not_blamed_on_line_ends(client: httpx.Client, text: str) -> None:
    response = client.post(WORLDS, content=text, headers=YAML)
    assert (response.status_code, "--data-binary" in response.text) == (422, False)


@pytest.mark.parametrize(("method", "path"), [("POST", WORLDS), ("PATCH", STATE), ("POST", f"{WORLDS}/default/faults")])
def test_a_form_in_parts_is_said_not_to_be_read(client: httpx.Client, method: str, path: str) -> None:
    response = client.request(method, path, files={"scenario": ("a.yaml", STORY)})
    assert response.status_code == 422
    assert "a form in several parts (multipart/form-data, as curl -F sends it)" in response.json()["detail"]
