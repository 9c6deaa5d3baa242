"""The recording that the cookbook shows is what such a client leaves behind."""

from __future__ import annotations

from pathlib import Path

import httpx

from emulator import Emulator
from emulator.recording.traffic import record_har
from emulator.vendors import VENDORS
from tests.support.pages import snippets
from tests.support.traffic import entry, har

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


def test_traffic_with_the_vendor_leaves_behind_what_the_cookbook_shows() -> None:
    headers = {"Authorization": "Bearer sk_live_5e_cR_3T", "Stripe-Version": "2026-03-25.preview", "User-Agent": "mine/1.0"}
    url = "https://api.stripe.com/v2/core/batch_jobs/batchv2_AbCdEfGhIjKlMnOpQrStUvWxYz"
    counts = {"success_count": "30", "failure_count": "5"}
    job = {"id": "batchv2_AbCdEfGhIjKlMnOpQrStUvWxYz", "object": "v2.core.batch_job", "livemode": True}
    running = job | {"status": "in_progress", "status_details": {"in_progress": counts}, "created": "2026-03-09T20:50:00.000Z"}
    later = "Mon, 09 Mar 2026 20:55:33 GMT"
    traffic = har(
        entry("GET", url, reply=running, headers=headers),
        entry("POST", f"{url}/cancel", reply=job | {"status": "cancelling"}, headers=headers),
        entry(
            "GET", url, reply=job | {"status": "canceled", "status_details": {"canceled": counts}}, headers=headers, date=later
        ),
    )
    text = record_har(traffic, VENDORS, title="A job is cancelled, and its counts stay as they were").recording.text
    assert text in [snippet.text for snippet in snippets(PAGE.partition("## I have the traffic")[2])]
