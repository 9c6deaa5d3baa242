"""What the vendors' own clients do is recorded, in a world and in a file of its traffic, and plays again."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import httpx
import pytest
import stripe
from serpwow.google_search_results import GoogleSearchResults

from emulator.cli.main import main
from emulator.client.http import HttpClient
from emulator.scenario.player import play
from emulator.scenario.strict_yaml import parse
from emulator.server.app import create_app, worlds_of
from emulator.server.server import ThreadedServer
from tests.support.commands import invoke
from tests.support.recordings import played, read
from tests.support.server import Live, World
from tests.support.traffic import Proxy

NEVER = ("5e_cR", "5EC4E7", "User-Agent", "Telemetry", "127.0.0.1")
"""Parts of secrets, and of what is about the transport alone."""

STRIPE_KEY, SERPWOW_KEY = "sk_test_5e_cR_3Tabc", "5EC4E7" * 5 + "00"
ROWS = b"".join(
    b'{"id": "req_%d", "path_params": {"customer": "cus_%d"}, "params": {"name": "Jenny"}}\n' % (n, n) for n in range(3)
)
CREATE: Any = {
    "endpoint": {"http_method": "post", "path": "/v1/customers/:customer"},
    "metadata": {"run": "1"},
    "skip_validation": False,
}


def uses_stripe(url: str, key: str, world: World) -> None:
    """Create a job, upload its file, look how it goes, fetch the results, and cancel another job twice."""
    jobs = stripe.StripeClient(key, base_addresses={"api": url}).v2.core.batch_jobs
    job: Any = jobs.create(CREATE)
    link = job.status_details.ready_for_upload.upload_url.url
    httpx.put(link, content=ROWS, headers={"Content-Type": "application/octet-stream"})
    world.advance("5s")
    assert jobs.retrieve(job.id).status == "in_progress"
    world.advance("10s")
    job = jobs.retrieve(job.id)
    assert len(httpx.get(job.status_details.complete.output_file.download_url.url).content.splitlines()) == 3
    with pytest.raises(stripe.InvalidRequestError):
        jobs.cancel(job.id)
    other = jobs.create(CREATE)
    assert jobs.cancel(other.id).status == "cancelling"


def uses_serpwow(url: str, key: str, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Create a batch with searches, start it, look how it goes, and stop another that is not there."""
    for name in ("batches", "account"):
        monkeypatch.setattr(GoogleSearchResults, f"ENDPOINT_{name.upper()}", f"{url}/{name}")
    client = GoogleSearchResults(key)
    batch = client.create_batch({"name": "March", "searches": [{"q": "pizza"}, {"q": "pasta"}]})["batch"]["id"]
    assert client.start_batch(batch)["request_info"]["success"]
    world.advance("1m")
    assert client.get_batch(batch)["batch"]["results_count"] == 1
    assert not client.stop_batch("NOWHERE1")["request_info"]["success"]
    assert client.get_account()["account_info"]["credits_used"] == 2


def recording_of(world: World) -> str:
    answer = world.control.get(f"/_emulator/worlds/{world.id}/record")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/yaml")
    return answer.text


def check(recording: str, url: str) -> list[Any]:
    """Check that a recording plays in this process and over a socket, and holds no secret; return its steps."""
    assert played(read(recording)).differences == []
    with HttpClient(url) as client:
        assert play(read(recording), client).differences == []
    assert [it for it in NEVER if it in recording] == []
    steps: list[Any] = parse(recording).value["steps"]
    return steps


def test_stripes_client(live: Live) -> None:
    world = live.load({"clock": {"start": "2026-03-09T20:55:31Z"}})
    uses_stripe(world.stripe["url"], world.stripe["api_key"], world)
    steps = check(recording_of(world), live.url)
    assert [step.get("send") or step for step in steps] == [
        "POST /v2/core/batch_jobs",
        "PUT {upload_url}",
        {"advance": "5s"},
        "GET /v2/core/batch_jobs/{batch_job}",
        {"advance": "10s"},
        "GET /v2/core/batch_jobs/{batch_job}",
        "GET {download_url}",
        "POST /v2/core/batch_jobs/{batch_job}/cancel",
        "POST /v2/core/batch_jobs",
        "POST /v2/core/batch_jobs/{batch_job_2}/cancel",
    ]
    assert steps[0]["headers"] == {
        "Authorization": "Bearer {stripe.api_key}",
        "Stripe-Version": stripe.api_version,
        "Idempotency-Key": "key-1",
    }
    assert steps[1]["body"] == ROWS.decode()


def test_serpwows_client(live: Live, monkeypatch: pytest.MonkeyPatch) -> None:
    world = live.load({})
    uses_serpwow(world.serpwow["url"], world.serpwow["api_key"], world, monkeypatch)
    steps = check(recording_of(world), live.url)
    assert [step["send"].partition("?")[0] if "send" in step else step for step in steps] == [
        "POST /live/batches",
        "GET /live/batches/{batch}/start",
        {"advance": "1m"},
        "GET /live/batches/{batch}",
        "GET /live/batches/NOWHERE1/stop",
        "GET /live/account",
    ]
    assert all(step["send"].endswith("api_key={serpwow.api_key}") for step in steps if "send" in step)


class Behind(NamedTuple):
    """A server behind a proxy that keeps its traffic, and the world there that takes any key."""

    proxy: Proxy
    url: str
    world: World

    def archive(self, path: Path) -> Path:
        path.write_text(json.dumps({"log": {"version": "1.2", "entries": self.proxy.entries}}))
        return path


@pytest.fixture
def behind() -> Iterator[Behind]:
    proxy = Proxy(create_app(worlds_of([])), "127.0.0.1")
    with ThreadedServer(proxy) as server, httpx.Client(base_url=server.url) as control:
        yield Behind(proxy, server.url, World("default", control, {}))


def test_the_traffic_of_stripes_client(behind: Behind, live: Live, tmp_path: Path) -> None:
    uses_stripe(behind.url, STRIPE_KEY, behind.world)
    done = invoke(main, ["record", "--har", str(behind.archive(tmp_path / "stripe.har"))])
    assert (done.exit_code, done.stderr) == (0, "it plays as it stands\n")
    check(done.stdout, live.url)


def test_the_traffic_of_serpwows_client(behind: Behind, live: Live, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    uses_serpwow(f"{behind.url}/live", SERPWOW_KEY, behind.world, monkeypatch)
    done = invoke(main, ["record", "--har", str(behind.archive(tmp_path / "serpwow.har")), "--title", "A batch in March"])
    assert (done.exit_code, done.stderr) == (0, "it plays as it stands\n")
    assert parse(done.stdout).value["title"] == "A batch in March"
    check(done.stdout, live.url)
