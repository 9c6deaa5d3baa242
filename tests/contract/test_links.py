"""Links to files under every verb: no key is asked for, HEAD answers as GET does, and no other world is touched."""

from __future__ import annotations

from itertools import product
from typing import Any

import httpx
import pytest

from tests.support.server import Live, World

RUN = {"id": 1, "started_at": "2026-03-09T20:00:00Z", "ended_at": "2026-03-09T20:00:10Z"}
JOB = "batchv2_AbCdEfGhIjKlMnOpQrStUvWxYz"
NEW = "batchv2_BcDeFgHiJkLmNoPqRsTuVwXyZa"
STRIPE = {"Authorization": "Bearer sk_test_1", "Stripe-Version": "2026-04-22.preview"}
OTHERS = ["POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "HEAD"]
ONCE = {"date", "emulator-exchange", "x-trace-id"}


def load(live: Live) -> World:
    serpwow = {"batches": [{"id": "2A6F94BB", "searches": 3, "result_sets": [RUN]}]}
    jobs = [{"id": JOB, "status": "complete", "rows": 3}, {"id": NEW, "status": "ready_for_upload"}]
    state = {"serpwow": serpwow, "stripe": {"batch_jobs": jobs}}
    return live.load(
        {"clock": {"start": "2026-03-09T20:55:31Z"}, "credentials": {"serpwow": ["k"], "stripe": ["sk_test_1"]}, "given": state}
    )


def links(live: Live, world: World) -> dict[str, str]:
    """A link of each kind."""

    def ask(path: str) -> Any:
        params = {"api_key": "k"} if path.startswith("/live") else {}
        return httpx.get(f"{live.url}{path}", params=params, headers={**STRIPE, "Emulator-World": world.id}).json()

    result = ask("/live/batches/2A6F94BB/results/1")["result"]["download_links"]
    return {
        "page": result["pages"][0],
        "archive": result["all_pages"],
        "csv": ask("/live/batches/2A6F94BB/results/1/csv?csv_fields=success")["result"]["download_links"]["pages"][0],
        "searches": ask("/live/batches/2A6F94BB/searches/json")["download_links"]["pages"][0],
        "download": ask(f"/v2/core/batch_jobs/{JOB}")["status_details"]["complete"]["output_file"]["download_url"]["url"],
        "upload": ask(f"/v2/core/batch_jobs/{NEW}")["status_details"]["ready_for_upload"]["upload_url"]["url"],
    }


@pytest.fixture(scope="module")
def world(live: Live) -> World:
    return load(live)


def headers_of(reply: httpx.Response) -> dict[str, str]:
    return {name: value for name, value in reply.headers.items() if name not in ONCE}


@pytest.mark.parametrize("kind", ["page", "archive", "csv", "searches", "download"])
def test_head_answers_with_the_headers_of_get_and_no_body(live: Live, world: World, kind: str) -> None:
    link = links(live, world)[kind]
    state = world.state()
    got, head = httpx.get(link), httpx.head(link)
    assert (got.status_code, head.status_code, head.content) == (200, 200, b"")
    assert int(head.headers["content-length"]) == len(got.content) > 0
    assert {**headers_of(head), "emulator-basis": ""} == {**headers_of(got), "emulator-basis": ""}
    assert head.headers["emulator-basis"] == "inferred"
    assert world.state() == state


@pytest.mark.parametrize("kind", ["page", "archive", "csv", "searches", "download", "upload"])
def test_other_verbs_are_told_which_the_link_takes(live: Live, world: World, kind: str) -> None:
    link, state = links(live, world)[kind], world.state()
    methods = "PUT" if kind == "upload" else "GET, HEAD"
    with httpx.Client() as client:
        for verb in ["GET", *OTHERS]:
            if verb not in methods:
                reply = client.request(verb, link)
                assert (reply.status_code, reply.headers["allow"]) == (405, methods)
                assert reply.headers["emulator-exchange"].startswith(f"{world.id}/")
                assert reply.headers["emulator-basis"] == "inferred"
    assert world.state() == state


@pytest.mark.parametrize("path", ["/results/nothing", "/nothing", "/results/a/b", ""])
@pytest.mark.parametrize(("vendor", "status"), [("serpwow", 404), ("stripe", 403)])
@pytest.mark.parametrize("verb", ["GET", "HEAD"])
def test_a_link_that_leads_nowhere_needs_no_key_to_hear_so(
    live: Live, world: World, verb: str, vendor: str, status: int, path: str
) -> None:
    reply = httpx.request(verb, f"{live.url}/_files/{vendor}/{world.id}{path}")
    assert reply.status_code == status
    assert reply.headers["emulator-exchange"].startswith(f"{world.id}/")


def test_no_verb_on_a_link_touches_another_world(live: Live) -> None:
    one, other = load(live), load(live)
    default = live.control.get("/_emulator/worlds/default/journal").json()["entries"]
    with httpx.Client() as client:
        for (kind, link), verb in product(links(live, one).items(), ["GET", *OTHERS]):
            elsewhere = client.request(verb, link, headers={"Emulator-World": other.id})
            assert (elsewhere.status_code, elsewhere.headers["emulator-error"]) == (404, "no-such-world")
            if verb != "PUT" or kind != "upload":
                assert client.request(verb, link).headers["emulator-exchange"].startswith(f"{one.id}/")
            unknown = client.request(verb, link.replace(f"/{one.id}/", "/nobody/"))
            assert (unknown.status_code, unknown.headers["emulator-error"]) == (404, "no-such-world")
    assert other.journal() == []
    assert live.control.get("/_emulator/worlds/default/journal").json()["entries"] == default
    for path in ("/_files", "/_files/", "/_files/serpwow", "/_files/stripe", "/_files/nobody/x"):
        assert httpx.head(f"{live.url}{path}").headers["emulator-error"] == "no-such-path"
