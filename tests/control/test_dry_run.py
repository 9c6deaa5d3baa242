"""A dry run answers what the real request would, byte for byte, and nothing whatever comes of it."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import httpx
import pytest
from hypothesis import given, settings

from emulator import Emulator
from emulator.client.server import ControlError, EmulatorServer
from emulator.control import entries
from emulator.sdk.exact_json import dump
from emulator.web.guard import PREFIX
from tests.support.lives import DEFAULT, LIVES, Asked, first_run
from tests.support.lives import live as lived
from tests.support.loading import LIBRARY
from tests.support.server import Live
from tests.support.walking import Walker, walk

pytestmark = pytest.mark.scenario("first-run")


def wish_of(request: httpx.Request) -> dict[str, Any]:
    """The request as a dry run is asked for it, with its host where that is not the one of its URL."""
    own_host = ("host", request.url.netloc.decode())
    headers = dict(header for header in request.headers.items() if header != own_host)
    return {"method": request.method, "url": str(request.url), "headers": headers, "body": request.content.decode()}


def host_first(explanation: dict[str, Any]) -> dict[str, Any]:
    """An explanation as a dry run gives it: it puts the host in front of the headers that it is given."""
    request = explanation["request"]
    return {
        **explanation,
        "request": {**request, "headers": sorted(request["headers"], key=lambda header: header[0] != "host")},
    }


def parts_of(reply: httpx.Response) -> tuple[int, list[tuple[str, str]], Any]:
    headers = [(name.decode(), value.decode()) for name, value in reply.headers.raw if name != b"content-length"]
    return reply.status_code, headers, json.loads(dump(entries.body(reply.content)), parse_float=Decimal)


def foretold(rehearsal: Mapping[str, Any]) -> tuple[int, list[tuple[str, str]], Any]:
    return rehearsal["status"], [(name, value) for name, value in rehearsal["headers"]], rehearsal["body"]


async def look_at_all(walker: Walker, world: str) -> list[Any]:
    return [await walker.ask("GET", f"/worlds/{world}{part}") for part in ("/state", "/clock", "/journal", "/ledger")]


def is_unchanged(rehearsal: Mapping[str, Any]) -> bool:
    """Tell whether the response reaches the client unchanged."""
    return all(fault["do"] in ("delay", "status") for fault in rehearsal["faults"])


@pytest.mark.parametrize("name", [name for name in LIBRARY.names() if "ten-thousandth" not in name])  # too slow, and no other
def test_every_request_of_the_library_is_foretold_and_nothing_comes_of_it(name: str) -> None:
    asked: Counter[tuple[str, httpx.URL, bytes]] = Counter()

    async def look(walker: Walker, request: httpx.Request) -> None:
        if request.url.path.startswith(PREFIX):
            return
        asked[same := (request.method, request.url, request.content)] += 1
        if asked[same] > 3 and asked[same] % 20:
            return  # one of many that are alike
        world = request.headers["Emulator-World"]
        before, difference = await look_at_all(walker, world), await walker.ask("GET", f"/worlds/{world}/diff")
        rehearsal = await walker.ask("POST", f"/worlds/{world}/dry-run", wish_of(request))
        assert foretold(await walker.ask("POST", f"/worlds/{world}/dry-run", wish_of(request))) == foretold(rehearsal)
        assert await walker.ask("GET", f"/worlds/{world}/diff") == difference
        await walker.ask(
            "POST", f"/worlds/{world}/snapshots", {"name": "before"}
        )  # with all that the dry runs left, if anything
        try:
            real = parts_of(await walker.pass_on(request))
        except httpx.TransportError:
            real = None
        n = rehearsal["explanation"]["n"]
        explanation = await walker.ask("GET", f"/worlds/{world}/journal/{n}/explain")
        await walker.ask("POST", f"/worlds/{world}/restore", {"name": "before"})
        assert rehearsal["explanation"] == host_first(explanation)
        assert foretold(rehearsal) == real or not is_unchanged(rehearsal)
        assert await look_at_all(walker, world) == before

    walk(name, look)


@settings(max_examples=40)
@given(LIVES)
def test_a_life_with_dry_runs_is_the_life_without(lives: list[Asked]) -> None:
    import asyncio

    async def run(dry_run: bool) -> object:
        replies = []
        async with first_run() as client:
            for request in lives:
                if dry_run and not isinstance(request, int) and not request[1].startswith(PREFIX):
                    wish = {"method": request[0], "url": request[1], "headers": request[2]}
                    rehearsal = await client.post(f"{DEFAULT}/dry-run", json=wish)
                    assert rehearsal.status_code == 200, rehearsal.text
                replies += await lived([request], client)
            return replies, (await client.get(f"{DEFAULT}/state")).content, (await client.get(f"{DEFAULT}/journal")).content

    assert asyncio.run(run(True)) == asyncio.run(run(False))


def test_the_handle_rehearses(emulator: Emulator) -> None:
    rehearsal = emulator.dry_run("GET", f"/live/batches/2A6F94BB/stop?api_key={emulator.serpwow.api_key}")
    assert (rehearsal.status, rehearsal.body["request_info"]["success"]) == (200, True)
    assert {difference.at for difference in rehearsal.differences} == {"account", "batches"}
    assert "queued --stop--> idle" in str(rehearsal.explanation)
    assert rehearsal.world == emulator.id
    assert emulator.dry_run("GET", "/live/account?api_key=mistyped").world == "default"
    assert emulator.serpwow.batch("2A6F94BB").status == "queued"
    assert list(emulator.journal) == []


@pytest.mark.parametrize(
    ("fault", "status", "is_delivered", "is_refunded"),
    [
        ({"where": "before-commit", "do": "status", "status": 503}, 503, True, False),
        ({"where": "after-commit", "do": "status", "status": 500}, 500, False, True),
        ({"where": "after-commit", "do": "drop"}, 200, False, True),
        ({"where": "before-auth", "do": "reset"}, 0, False, False),
        ({"where": "before-commit", "do": "delay", "delay": "1h", "clock": "virtual"}, 400, True, False),
        ({"where": "mid-body", "do": "delay", "delay": "4m", "clock": "real"}, 200, True, True),
    ],
)
def test_what_a_fault_would_do_is_foretold_without_doing_it(
    emulator: Emulator, fault: dict[str, Any], status: int, is_delivered: bool, is_refunded: bool
) -> None:
    emulator.faults.add(at="serpwow.batches.stop", times=1, **fault)
    before = emulator.clock.now
    rehearsal = emulator.dry_run("GET", f"/live/batches/2A6F94BB/stop?api_key={emulator.serpwow.api_key}")
    assert (rehearsal.status, rehearsal.delivered) == (status, is_delivered)
    assert any("credits_used" in (difference.changed or {}) for difference in rehearsal.differences) is is_refunded
    assert f"fault       fault-1: {fault['do']} {fault['where']}" in str(rehearsal.explanation)
    assert (emulator.faults.list()[0].seen, emulator.clock.now, list(emulator.journal)) == (0, before, [])


def test_a_body_that_is_not_text_is_sent_as_json(emulator: Emulator) -> None:
    body = {"key": emulator.sixdot50.key, "secret": emulator.sixdot50.secret}
    rehearsal = emulator.dry_run("POST", f"{emulator.sixdot50.url}/authentication/getToken", body=body)
    assert rehearsal.status == 200
    assert (
        rehearsal.body
        == emulator.dry_run(
            "POST", "/6dot50/authentication/getToken", body=json.dumps(body), headers={"Content-Type": "application/json"}
        ).body
    )


@pytest.mark.parametrize(
    ("wish", "detail"),
    [
        ({"method": "GET", "url": "/liv/batches"}, "did you mean '/live/batches'"),
        ({"method": "GET"}, "'url' is missing"),
        ({"method": "get", "url": "/live/batches"}, "is not one of CONNECT, DELETE, GET"),
        ({"method": "GET", "url": "live/batches"}, "is not of the form /path"),
        ({"method": "GET", "url": "/live/bätches"}, "encode what is not"),
        ({"method": "GET", "url": "/live/batches", "header": {}}, "did you mean 'headers'"),
        ({"method": "GET", "url": "/v2/core/batch_jobs", "headers": {"Authorization": "Bearer sk_live_1"}}, "live key"),
    ],
)
def test_a_wish_that_is_wrong_is_refused(emulator: Emulator, wish: dict[str, Any], detail: str) -> None:
    with pytest.raises(ControlError, match="422") as excinfo:
        emulator.ask("POST", "/dry-run", wish)
    assert detail in str(excinfo.value)


LONG = f"/live/batches?x={'a' * 20_000}"


@pytest.mark.parametrize(
    ("wish", "detail"),
    [
        ({"url": "//live/batches/1/stop?api_key=x"}, "no vendor has the path //live/batches/1/stop"),
        ({"url": LONG}, "at most 16384 bytes: 414 url-too-long"),
        ({"url": "/live/account", "headers": {"X-Long": "a" * 70_000}}, "at most 65536 bytes: 431 head-too-large"),
        (
            {"url": "/live/account", "headers": {"Host": "evil.com"}},
            "this is not evil.com: if it is meant, serve with --allow-host evil.com (EMULATOR_ALLOW_HOST=evil.com): 421",
        ),
        ({"url": "http://evil.com/live/account"}, "this is not evil.com"),
        (
            {"url": "/live/account", "headers": {"Origin": "https://evil.com"}},
            "a page of another origin may not send requests here: 403",
        ),
        ({"url": "/live/account", "headers": {"Sec-Fetch-Site": "cross-site"}}, "403 cross-origin"),
        ({"url": "/live/account", "method": "FOO"}, "'FOO' is not one of CONNECT, DELETE, GET"),
        ({"url": "/live/account", "headers": {"Emulator-World": "zzz"}}, "it names no world: 404 no-such-world"),
        ({"url": "/_files/serpwow/zzz/results/x"}, "it names no world: 404 no-such-world"),
        ({"url": "/live/account", "headers": {"a b\r\n": "c"}}, "cannot be the name of a header"),
        ({"url": "/live/account", "headers": {"a": "b\r\nc: d"}}, "cannot be the value of a header"),
        ({"url": "/live/account?a=b c"}, "without spaces"),
        ({"url": "bad url?api_key=SUPERSECRET"}, "?api_key=SUPE…"),
    ],
)
def test_what_no_vendor_would_hear_is_refused_as_it_really_is(live: Live, wish: dict[str, Any], detail: str) -> None:
    response = live.control.post(f"{DEFAULT}/dry-run", json={"method": "GET", **wish})
    assert (response.status_code, detail in response.json()["detail"]) == (422, True), response.text
    assert "SUPERSECRET" not in response.text


def test_what_follows_a_hash_is_not_sent(emulator: Emulator) -> None:
    rehearsal = emulator.dry_run("GET", f"/live/account?api_key={emulator.serpwow.api_key}#a b")
    assert (rehearsal.status, "#" in str(rehearsal.explanation)) == (200, False)


def test_a_dry_run_tells_no_credential_any_more_than_the_journal_does(emulator: Emulator) -> None:
    rehearsal = emulator.ask("POST", "/dry-run", {"method": "GET", "url": f"/live/account?api_key={emulator.serpwow.api_key}"})
    assert rehearsal["body"]["account_info"]["api_key"] == f"{emulator.serpwow.api_key[:4]}…"
    assert emulator.serpwow.api_key not in json.dumps(rehearsal)


def test_a_dry_run_that_names_no_host_is_for_the_server_that_is_asked(live: Live) -> None:
    rehearsal = live.control.post(f"{DEFAULT}/dry-run", json={"method": "GET", "url": "/live/account?api_key=demo"}).json()
    assert ["host", live.url.removeprefix("http://")] in rehearsal["explanation"]["request"]["headers"]
    request = {"method": "GET", "url": "/live/account?api_key=demo", "headers": {"Host": "localhost"}}
    rehearsal = live.control.post(f"{DEFAULT}/dry-run", json=request).json()
    assert [value for name, value in rehearsal["explanation"]["request"]["headers"] if name == "host"] == ["localhost"]


def test_a_dry_run_takes_a_header_once_and_shows_no_body_that_head_has_not(emulator: Emulator) -> None:
    with pytest.raises(ControlError, match="the header emulator-world is given twice"):
        emulator.dry_run("GET", "/live/account", headers={"Emulator-World": emulator.id, "emulator-world": "nope"})
    assert emulator.dry_run("HEAD", "/live/account").body is None


def test_a_dry_run_from_which_more_follows_than_the_journal_keeps_is_refused_by_name() -> None:
    reactions = [{"after_call": "serpwow", "set": {"serpwow": {"account": {"credits_limit": n}}}} for n in range(1, 4)]
    told = r"more follows from this request than the 2 entries .* --max-journal\) allows more"
    with (
        EmulatorServer(limits={"journal": 2}) as server,
        Emulator({"timeline": reactions}, server=server) as emulator,
        pytest.raises(ControlError, match=told),
    ):
        emulator.dry_run("GET", f"/live/account?api_key={emulator.serpwow.api_key}")


QUEUED = {"title": "One batch", "given": {"serpwow": {"batches": [{"id": "B1", "status": "queued", "searches": 10}]}}}
STOP = {"method": "GET", "url": "/live/batches/B1/stop"}
UNKNOWN = {"method": "GET", "url": "/live/batches/NOBODY/stop"}


def trial(emulator: Emulator, wish: dict[str, Any], **more: Any) -> Any:
    url = f"{wish['url']}?api_key={emulator.serpwow.api_key}"
    return emulator.ask("POST", "/dry-run", {**wish, "url": url, **more})


def test_a_request_is_tried_at_a_moment_of_the_past(emulator: Emulator) -> None:
    emulator.load(QUEUED)
    with httpx.Client(transport=emulator.transport(), base_url="http://127.0.0.1") as client:
        client.get("/live/batches/B1/stop", params={"api_key": emulator.serpwow.api_key})
    before = emulator.ask("GET", "/journal")
    assert [bool(trial(emulator, STOP, at=at)["changes"]) for at in ("beginning", "entry/1", "now")] == [True, False, False]
    assert emulator.ask("GET", "/journal") == before


def test_a_request_is_tried_with_another_choice_of_an_assumption(emulator: Emulator) -> None:
    emulator.load(QUEUED)
    assert [trial(emulator, UNKNOWN, assume={"serpwow.unknown-batch": it})["status"] for it in ("400", "404")] == [400, 404]
    assert trial(emulator, UNKNOWN)["status"] == 400


@pytest.mark.parametrize(
    ("more", "reason"),
    [
        ({"assume": {"serpwow.unknown-bach": "404"}}, "did you mean 'serpwow.unknown-batch'"),
        ({"assume": {"serpwow.unknown-batch": "500"}}, "no choice of serpwow.unknown-batch is called '500'"),
        ({"at": "entry/9"}, "no entry 9"),
        ({"at": "never"}, "no snapshot is called 'never'"),
    ],
)
def test_a_trial_under_what_there_is_not_is_refused(emulator: Emulator, more: dict[str, Any], reason: str) -> None:
    emulator.load(QUEUED)
    with pytest.raises(ControlError, match=reason):
        trial(emulator, STOP, **more)


def test_a_world_is_shown_with_the_title_of_its_scenario(emulator: Emulator) -> None:
    emulator.load(QUEUED)
    assert emulator.ask("GET", "")["title"] == "One batch"
    assert "title" not in emulator.ask("POST", "/reset", {"scenario": {}})
