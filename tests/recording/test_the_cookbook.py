"""The recording that the cookbook shows is what such a client leaves behind."""

from __future__ import annotations

from pathlib import Path

import httpx

from emulator import Emulator
from tests.support.pages import snippets

PAGE = (Path(__file__).parents[2] / "docs" / "cookbook.md").read_text("utf-8")


def test_a_client_leaves_behind_what_the_cookbook_shows(tmp_path: Path) -> None:
    with Emulator() as emulator, httpx.Client(transport=emulator.transport(), base_url="http://here/live") as client:
        client.params = client.params.set("api_key", emulator.serpwow.api_key)
        batch = client.post("/batches", json={"name": "March", "searches": [{"q": "pizza"}]}).json()["batch"]["id"]
        client.get(f"/batches/{batch}/start")
        emulator.clock.advance("1m")
        client.get(f"/batches/{batch}")
        text = emulator.record(tmp_path / "story.yaml")
    assert text == (tmp_path / "story.yaml").read_text("utf-8")
    assert text in [snippet.text for snippet in snippets(PAGE.partition("## Keep what my client did")[2])]
