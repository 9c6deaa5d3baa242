"""The control plane: worlds, state, clock and journal over HTTP, and problem+json for whatever is wrong."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from emulator.client.transport import InProcess
from emulator.contract.validator import ResponseValidator
from emulator.control.app import ROUTES
from emulator.control.openapi import components
from emulator.control.route import ControlRoute
from emulator.server.app import create_app, worlds_of
from emulator.vendors import VENDORS
from emulator.vendors.stripe.files.requests import JsonlReader
from emulator.web.guard import PREFIX
from tests.support.server import Live

QUEUED = {"title": "A queued batch", "given": {"serpwow": {"batches": [{"id": "B1", "status": "queued", "searches": 10}]}}}


@pytest.fixture
def client(live: Live) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=f"{live.url}{PREFIX}", timeout=None) as client:
        yield client


@pytest.fixture
def world(client: httpx.Client) -> Iterator[str]:
    response = client.post("/worlds", json={"scenario": QUEUED})
    assert response.status_code == 201, response.text
    yield f"/worlds/{response.json()['id']}"
    client.delete(f"/worlds/{response.json()['id']}")


@pytest.mark.parametrize("path", ["/health", "/ready"])
def test_a_server_that_answers_is_healthy_and_ready(client: httpx.Client, path: str) -> None:
    reply = client.get(path)
    assert reply.status_code == 200
    assert reply.json()["status"] == "ok"


def test_the_shipped_scenarios_are_listed_with_their_titles(client: httpx.Client) -> None:
    titles = {scenario["name"]: scenario.get("title") for scenario in client.get("/scenarios").json()["scenarios"]}
    assert titles["serpwow/stopall-23"]
    assert client.get("/scenarios/serpwow/stopall-23").json()["title"] == titles["serpwow/stopall-23"]


@pytest.mark.parametrize("vendor", VENDORS)
def test_a_vendor_shows_operations_machines_assumptions_and_evidence(client: httpx.Client, vendor: str) -> None:
    body = client.get(f"/vendors/{vendor}").json()
    assert {"operations", "machines", "assumptions", "evidence", "waits"} < set(body)
    ids = {fact["id"] for fact in body["evidence"]}
    assert {row["evidence"] for machine in body["machines"] for row in machine["rows"]} <= ids


def test_a_world_is_made_from_yaml_as_from_json(client: httpx.Client) -> None:
    text = "title: A world\ngiven: {serpwow: {batches: [{id: B1, status: queued, searches: 10}]}}"
    response = client.post("/worlds?id=from-yaml&seed=3", content=text, headers={"content-type": "application/yaml"})
    assert (response.status_code, response.json()["id"], response.json()["seed"]) == (201, "from-yaml", 3)
    assert client.get("/worlds/from-yaml/state").json()["serpwow"]["batches"][0]["status"] == "queued"
    assert client.delete("/worlds/from-yaml").status_code == 204
    assert client.get("/worlds/from-yaml").status_code == 404


TEXT = "given: {serpwow: {batches: [{id: B1, status: queued, searches: 10}]}}"


@pytest.mark.parametrize(
    "media_type",
    [
        "application/yaml",
        "application/x-yaml",
        "application/vnd.yaml",
        "text/yaml",
        "text/x-yaml",
        "text/vnd.yaml",
        "application/scenario+yaml",
        "APPLICATION/YAML",
        "application/yaml; charset=utf-8",
    ],
)
def test_yaml_is_taken_under_every_type_that_people_give_it(client: httpx.Client, world: str, media_type: str) -> None:
    headers = {"content-type": media_type}
    assert client.post(f"{world}/reset", content=TEXT, headers=headers).status_code == 200
    assert client.post(f"{world}/clock/advance", content="by: 1s", headers=headers).status_code == 200
    assert (
        client.patch(f"{world}/state", content="serpwow: {account: {credits_limit: 900}}", headers=headers).status_code == 200
    )


@pytest.mark.parametrize(
    ("body", "media_type"), [('{"by": "1s"}', "application/json"), ('{"by": "1s"}', ""), ("by: 1s", "application/yaml")]
)
def test_a_mark_before_utf_8_is_no_part_of_a_body(client: httpx.Client, world: str, body: str, media_type: str) -> None:
    headers = {"content-type": media_type} if media_type else {}
    reply = client.post(f"{world}/clock/advance", content=body.encode("utf-8-sig"), headers=headers)
    assert reply.status_code == 200, reply.text


@pytest.mark.parametrize("media_type", ["", "application/x-www-form-urlencoded", "text/plain", "application/json"])
@pytest.mark.parametrize("body", ["by: 1s", "---\nby: 1s", "# a comment\nby: 1s", "{by: 1s}", "by: [1s", "- by\n- 1s"])
def test_yaml_under_another_type_is_told_which_type_it_needs(
    client: httpx.Client, world: str, media_type: str, body: str
) -> None:
    reply = client.post(f"{world}/clock/advance", content=body, headers={"content-type": media_type} if media_type else {})
    advice = f"say Content-Type: application/yaml (this request says {media_type or 'none'})"
    assert (reply.status_code, advice in reply.json()["detail"]) == (422, True), reply.text


@pytest.mark.parametrize("body", ['{"by": 1s}', '{"by": "1s",}', "[", '"', "\x00", "nonsense"])
def test_json_with_a_slip_in_it_is_not_taken_for_yaml(client: httpx.Client, world: str, body: str) -> None:
    detail = client.post(f"{world}/clock/advance", content=body).json()["detail"]
    assert ("the body is not JSON" in detail, "yaml" in detail) == (True, False)


def test_a_scenario_that_is_sent_needs_no_title(client: httpx.Client) -> None:
    yaml = {"content-type": "application/yaml"}
    made = [
        client.post("/worlds", json={"id": "untitled", "scenario": {"seed": 7}}),
        client.post("/worlds?id=untitled-yaml", content="seed: 7", headers=yaml),
        client.post("/worlds/untitled/reset", json={"scenario": {"seed": 8}}),
        client.post("/worlds/untitled/reset", content="seed: 8", headers=yaml),
    ]
    assert [reply.status_code for reply in made] == [201, 201, 200, 200]
    assert [client.delete(f"/worlds/{id}").status_code for id in ("untitled", "untitled-yaml")] == [204, 204]
    assert "title" not in components(VENDORS)["scenario"].get("required", ())


def test_the_credential_of_a_request_picks_its_world(client: httpx.Client, live: Live, world: str) -> None:
    own = client.get(world).json()["credentials"]["serpwow"]
    assert httpx.get(f"{own['url']}/batches/B1", params={"api_key": own["api_key"]}).json()["batch"]["status"] == "queued"
    stranger = httpx.get(f"{live.url}/live/batches/B1", params={"api_key": "somebody-else"})
    assert stranger.status_code == 400
    assert stranger.headers["emulator-exchange"].startswith("default/")


def test_a_header_names_the_world_as_well(live: Live, world: str) -> None:
    response = httpx.get(f"{live.url}/live/batches/B1?api_key=demo", headers={"Emulator-World": world.rpartition("/")[2]})
    assert response.json()["batch"]["status"] == "queued"
    unknown = httpx.get(f"{live.url}/live/batches/B1?api_key=demo", headers={"Emulator-World": "nowhere"})
    assert (unknown.status_code, unknown.headers["emulator-error"]) == (404, "no-such-world")


def test_two_worlds_may_not_list_the_same_credential(client: httpx.Client) -> None:
    scenario = {"title": "A", "credentials": {"serpwow": ["shared-key"]}}
    first = client.post("/worlds", json={"scenario": scenario, "id": "first"})
    second = client.post("/worlds", json={"scenario": scenario, "id": "second"})
    aside = client.post("/worlds", json={"scenario": scenario, "id": "aside", "claim": False})
    assert (first.status_code, second.status_code, aside.status_code) == (201, 409, 201)
    assert "'first'" in second.json()["detail"]
    assert "shared-key" not in second.text
    assert client.get("/worlds/second").status_code == 404
    for made in ("first", "aside"):
        client.delete(f"/worlds/{made}")


def test_the_state_reads_as_it_was_given_and_can_be_given_again(client: httpx.Client, world: str) -> None:
    state = client.get(f"{world}/state").json()
    assert state["serpwow"]["account"] | {"credits_used": 10, "credits_remaining": 14990} == state["serpwow"]["account"]
    again = client.post("/worlds", json={"scenario": {"title": "Again", "given": state}, "id": "again"})
    assert again.status_code == 201, again.text
    assert client.get("/worlds/again/state").json() == state
    client.delete("/worlds/again")


def test_a_patch_changes_what_it_names_and_adds_what_is_new(client: httpx.Client, world: str) -> None:
    patch = {"serpwow": {"batches": [{"id": "B1", "status": "running"}, {"id": "B2", "searches": 5}]}}
    response = client.patch(f"{world}/state", json=patch)
    assert response.status_code == 200, response.text
    state = client.get(f"{world}/state").json()["serpwow"]
    assert {batch["id"]: batch["status"] for batch in state["batches"]} == {"B1": "running", "B2": "idle"}
    assert state["account"]["credits_used"] == 10
    (change,) = [entry for entry in client.get(f"{world}/journal").json()["entries"] if entry["id"] == "B1"]
    assert (change["from"], change["to"], change["why"]) == ("queued", "running", "set by control")


def test_the_clock_moves_when_told_and_tells_what_happened(client: httpx.Client, world: str) -> None:
    before = client.get(f"{world}/clock").json()
    assert (before["rate"], before["next"]) == ("frozen", "2026-01-01T00:00:02Z")
    body = client.post(f"{world}/clock/advance", json={"by": "1m"}).json()
    assert body["now"] == "2026-01-01T00:01:00Z"
    assert [(change["at"], change["from"], change["to"]) for change in body["fired"]] == [
        ("2026-01-01T00:00:02Z", "queued", "running"),
        ("2026-01-01T00:00:12Z", "running", "idle"),
    ]
    assert client.post(f"{world}/clock/advance", json={"until": "next"}).json()["fired"] == []
    assert client.patch(f"{world}/clock", json={"now": "2026-02-01T00:00:00Z", "rate": 60}).json()["rate"] == 60


def test_a_reset_brings_back_every_part_of_the_beginning(client: httpx.Client, world: str) -> None:
    own = client.get(world).json()
    before = [client.get(f"{world}{part}").json() for part in ("", "/state", "/clock", "/journal")]
    key = own["credentials"]["serpwow"]
    httpx.get(f"{key['url']}/batches/B1/stop", params={"api_key": key["api_key"]})
    client.post(f"{world}/clock/advance", json={"by": "3h"})
    client.post(f"{world}/reset")
    assert [client.get(f"{world}{part}").json() for part in ("", "/state", "/clock", "/journal")] == before


def test_a_reset_can_begin_another_scenario_under_the_same_credentials(client: httpx.Client, world: str) -> None:
    before = client.get(world).json()["credentials"]["serpwow"]
    loaded = client.post(f"{world}/reset", json={"scenario": "serpwow/stopall-23"}).json()
    assert loaded["credentials"]["serpwow"] == before
    response = httpx.get(f"{before['url']}/batches/stopall", params={"api_key": before["api_key"]})
    assert response.json()["batches_stopped"] == 23


def test_the_journal_tells_each_exchange_with_its_changes_and_hides_credentials(client: httpx.Client, world: str) -> None:
    key = client.get(world).json()["credentials"]["serpwow"]
    httpx.get(f"{key['url']}/batches/B1/stop", params={"api_key": key["api_key"]})
    httpx.get(f"{key['url']}/batches/B1", params={"api_key": key["api_key"]})
    journal = client.get(f"{world}/journal", params={"operation": "serpwow.batches.stop"}).json()
    (stop,) = journal["entries"]
    assert (stop["n"], stop["status"], stop["basis"], journal["last"]) == (1, 200, "inferred", 2)
    assert [(change["from"], change["to"], change["why"]) for change in stop["changes"]] == [
        ("queued", "idle", "serpwow.batches.stop")
    ]
    assert key["api_key"] not in client.get(f"{world}/journal").text
    assert [entry["n"] for entry in client.get(f"{world}/journal?since=1&limit=1").json()["entries"]] == [2]
    assert client.delete(f"{world}/journal").status_code == 204
    assert client.get(f"{world}/journal").json() == {"last": 2, "dropped": 2, "entries": []}


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "pointer", "detail"),
    [
        ("POST", "/worlds", {"scenari": "x"}, 422, "/scenari", "did you mean 'scenario'?"),
        ("POST", "/worlds", {"scenario": "serpwow/stopall-32"}, 404, None, "did you mean 'serpwow/stopall-23'?"),
        ("POST", "/worlds", {"scenario": "/etc/passwd"}, 404, None, "no scenario"),
        ("POST", "/worlds", {"scenario": {"titel": "A"}}, 422, "/titel", "did you mean 'title'?"),
        ("POST", "/worlds", {"id": "default"}, 409, None, "there is a world 'default' already"),
        ("POST", "/worlds", {"id": "../x"}, 422, "/id", "is not of the form"),
        ("POST", "/worlds?seed=x", "title: A", 422, "/seed", "whole number"),
        ("POST", "/worlds", "title: [", 422, "", "2:1: not YAML: "),
        ("POST", "/worlds", "title: A\nseed: x", 422, "/seed", "2:7: expected a whole number"),
        ("POST", "{w}/reset", {"seed": 3}, 422, "/seed", "this goes with another scenario: name it in `scenario`"),
        ("POST", "{w}/reset", {"scenario": "nothing"}, 404, None, "no scenario"),
        ("DELETE", "/worlds/default", None, 409, None, "can be reset"),
        ("GET", "/worlds/nowhere", None, 404, None, "no world is called 'nowhere'"),
        (
            "PATCH",
            "{w}/state",
            {"serpwow": {"batches": [{"id": "B1", "status": "done"}]}},
            422,
            "/serpwow/batches/0/status",
            "idle",
        ),
        (
            "PATCH",
            "{w}/state",
            {"serpwow": {"account": {"credits_used": 5}}},
            422,
            "/serpwow/account/credits_used",
            "can give back 10",
        ),
        ("PATCH", "{w}/clock", {"now": "2025-01-01T00:00:00Z"}, 409, None, "never goes back"),
        ("PATCH", "{w}/clock", {"rate": -1}, 422, "/rate", "minimum"),
        ("PATCH", "{w}/clock", {}, 422, "", ""),
        ("POST", "{w}/clock/advance", {"by": "soon"}, 422, "/by", "not a duration such as 500ms, 1.5s"),
        ("POST", "{w}/clock/advance", {"by": "-3s"}, 422, "/by", "'-3s' is negative, and time never goes back"),
        ("POST", "{w}/clock/advance", {"by": -0.5}, 422, "/by", "-0.5 is negative"),
        ("POST", "{w}/clock/advance", {"by": None}, 422, "/by", "only a timer in 'timing' can be 'never'; until: idle"),
        ("POST", "{w}/clock/advance", {"to": "2026-03-09T20:55:31.1234567"}, 422, "/to", "has no zone"),
        ("POST", "{w}/clock/advance", {"to": "2026-13-01T00:00:00Z"}, 422, "/to", "not a date and time that exists"),
        ("GET", "{w}/journal?since=-1", None, 422, "/since", "whole number"),
        ("GET", "{w}/journal?sinse=1", None, 422, "/sinse", "did you mean 'since'"),
        ("GET", "{w}/journal?operation=serpwow.batches.stp", None, 422, "/operation", "did you mean 'serpwow.batches.stop'"),
        ("GET", "{w}/diff?form=now", None, 422, "/form", "did you mean 'from'"),
        ("GET", "/nothing", None, 404, None, "GET /_emulator lists what there is"),
        ("PUT", "/worlds", None, 405, None, "/_emulator/worlds does not take PUT; it takes GET, HEAD, POST"),
        ("GET", "/vendors/strip", None, 404, None, "did you mean 'stripe'?"),
    ],
)
def test_bad_input_is_a_problem_that_names_the_field_and_changes_nothing(
    client: httpx.Client, world: str, method: str, path: str, body: Any, status: int, pointer: str | None, detail: str
) -> None:
    before = _all_of(client, world)
    send: dict[str, Any] = {"json": body} if not isinstance(body, str) else {"content": body}
    headers = {"content-type": "application/yaml"} if isinstance(body, str) else {}
    reply = client.request(method, path.replace("{w}", world), headers=headers, **({} if body is None else send))
    assert reply.status_code == status, reply.text
    assert reply.headers["content-type"] == "application/problem+json"
    assert detail in reply.json()["detail"]
    if pointer is not None:
        assert pointer in [error["pointer"] for error in reply.json()["errors"]]
    assert _all_of(client, world) == before


def _all_of(client: httpx.Client, world: str) -> tuple[Any, ...]:
    """Return all of a world, and which others there are: clocks of those may run, and their memory may be given back."""
    every, id = client.get("/worlds").json(), world.rpartition("/")[2]
    own = [it for it in every["worlds"] if it["id"] == id]
    others = [it["id"] for it in every["worlds"]]
    return client.get(f"{world}/state").json(), own, others, every["memory"]["worlds"][id]


@pytest.mark.parametrize(
    "text",
    ['{"by": "1s", "by": "2s"}', '{"by": NaN}', "{" * 10, "[" * 5000, '["' + "\udcff" + '"]'],
)
def test_a_body_that_is_not_strict_json_is_refused(client: httpx.Client, world: str, text: str) -> None:
    reply = client.post(f"{world}/clock/advance", content=text.encode("utf-8", "surrogateescape"))
    assert reply.status_code == 422


def test_a_body_that_is_too_large_is_a_problem_of_its_own(client: httpx.Client, world: str) -> None:
    reply = client.post(f"{world}/clock/advance", content=b'{"by": "1s"}' + b" " * 1_000_001)
    assert (reply.status_code, reply.headers["content-type"]) == (413, "application/problem+json")
    assert reply.json()["detail"] == (
        "a body has at most 1000000 bytes here: EMULATOR_MAX_CONTROL (serve --max-control) allows more"
    )


def test_a_path_that_no_vendor_owns_is_ours_and_names_the_nearest(live: Live) -> None:
    reply = httpx.get(f"{live.url}/liv/batches/stopall")
    assert (reply.status_code, reply.headers["emulator-error"]) == (404, "no-such-path")
    assert "did you mean '/live/batches/stopall'?" in reply.json()["message"]


def _crash(*_: Any) -> None:
    raise RuntimeError


def test_a_mistake_of_ours_is_unmistakably_ours(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    import asyncio

    async def ask() -> httpx.Response:
        worlds = worlds_of([])
        monkeypatch.setattr(worlds.default, "transaction", _crash)
        app = create_app(worlds, validate=ResponseValidator(VENDORS.values()))
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://127.0.0.1") as client:
            return await client.get("/live/batches/B1/stop?api_key=demo")

    reply = asyncio.run(ask())
    assert (reply.status_code, reply.headers["emulator-error"]) == (500, "internal")
    assert "GET /live/batches/B1/stop failed" in caplog.text


def test_a_mistake_of_ours_while_a_file_is_read_is_ours_as_well(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(JsonlReader, "feed", _crash)
    with httpx.Client(transport=InProcess(create_app(worlds_of([]))), base_url="http://127.0.0.1") as client:
        reply = client.put("/_files/stripe/default/upload/token", content=b"{}")
    assert (reply.status_code, reply.headers["emulator-error"]) == (500, "internal")
    assert "PUT /_files/stripe/default/upload/… failed" in caplog.text


def test_two_waits_that_are_over_at_one_instant_both_happen(client: httpx.Client) -> None:
    batch = {"id": "DAILY", "schedule_type": "daily", "schedule_hours": [0]}
    created = client.post("/worlds", json={"scenario": {"title": "A", "given": {"serpwow": {"batches": [batch]}}}}).json()
    assert client.post(f"/worlds/{created['id']}/clock/advance", json={"by": "60d"}).status_code == 200
    assert client.get("/worlds").status_code == 200


def test_a_world_that_only_repeats_what_nobody_sees_never_comes_to_rest(
    client: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("emulator.kernel.advance.JUMP_LIMIT", 1_000)
    batch = {"id": "EMPTY", "schedule_type": "minutes", "schedule_minutes": "every_minute"}
    timing = {"serpwow.inactivity": "never"}
    reply = client.post(
        "/worlds", json={"scenario": {"title": "A", "timing": timing, "given": {"serpwow": {"batches": [batch]}}}}
    )
    response = client.post(f"/worlds/{reply.json()['id']}/clock/advance", json={"until": "idle"})
    assert (response.status_code, "repeat for ever" in response.json()["detail"]) == (409, True)


def test_credentials_of_a_seed_that_was_given_up_pick_nothing(client: httpx.Client) -> None:
    created = client.post("/worlds", json={"scenario": {"title": "A"}, "seed": 1}).json()
    again = client.post(f"/worlds/{created['id']}/reset", json={"scenario": {"title": "B"}, "seed": 2}).json()
    for keys, world_id in ((created, "default"), (again, created["id"])):
        headers = {"Authorization": f"Bearer {keys['credentials']['stripe']['api_key']}"}
        rehearsal = client.post(
            f"/worlds/{created['id']}/dry-run", json={"method": "GET", "url": "/v2/core/events", "headers": headers}
        )
        assert rehearsal.json()["world"] == world_id


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: f"{route.method} {route.path}")
def test_no_route_overlooks_a_parameter_that_it_does_not_know(client: httpx.Client, route: ControlRoute) -> None:
    response = client.request(route.method, re.sub("{[^}]+}", "default", route.path), params={"operatoin": "x"})
    assert response.status_code == 422
    assert response.json()["detail"].startswith("/operatoin: unknown parameter 'operatoin'")


def test_a_parameter_that_is_given_twice_is_refused(client: httpx.Client) -> None:
    assert client.get("/worlds/default/journal?since=1&since=2").json()["detail"] == "/since: since is given twice"


@pytest.mark.parametrize(
    "route", [it for it in ROUTES if it.method == "GET" and it.query and not it.raw], ids=lambda it: it.path
)
@pytest.mark.parametrize("value", ["", "nonsense", "-1", "9999-99-99", "\0"])
def test_a_parameter_of_a_query_may_be_wrong_and_nothing_fails(client: httpx.Client, route: ControlRoute, value: str) -> None:
    path = re.sub("{[^}]+}", "default", route.path)
    answers = {name: client.get(path, params={name: value}).status_code for name in route.query}
    assert all(status < 500 for status in answers.values()), answers


@pytest.mark.parametrize(
    ("path", "detail"),
    [
        ("deliveries?since=9999-99-99", "/since: '9999-99-99' is not an instant such as 2026-03-09T20:55:31Z"),
        ("deliveries?status=delivred", "/status: 'delivred' is not one of"),
        ("journal?kind=exchang", "/kind: 'exchang' is not one of"),
    ],
)
def test_a_parameter_that_fits_no_choice_is_refused(client: httpx.Client, path: str, detail: str) -> None:
    response = client.get(f"/worlds/default/{path}")
    assert (response.status_code, response.json()["detail"][: len(detail)]) == (422, detail)


def test_wishes_about_a_world_may_stand_in_the_query_but_not_in_both_places(client: httpx.Client) -> None:
    reply = client.post("/worlds?id=wished&seed=9", json={"scenario": QUEUED})
    assert (reply.json()["id"], reply.json()["seed"]) == ("wished", 9)
    idle = "title: A reply that is never given\nreplies: [{at: serpwow, status: 500}, {at: serpwow, status: 503}]\n"
    for wish, status in (("strict=true", 422), ("strict=false", 200), ("claim=false", 200), ("claim=no", 422)):
        reply = client.post(f"/worlds/wished/reset?{wish}", content=idle, headers={"Content-Type": "application/yaml"})
        assert reply.status_code == status, wish
        assert "expected true or false" not in reply.text or wish == "claim=no"
    response = client.post("/worlds/wished/reset?seed=1", json={"scenario": QUEUED, "seed": 2})
    assert response.json()["detail"] == "/seed: seed is in the query, and in the body too"
    assert client.delete("/worlds/wished").status_code == 204


@pytest.mark.parametrize(
    ("path", "body", "details"),
    [
        ("clock/advance", '{"by": "1s", "foo": 1}', ["unknown key 'foo'; known: by, to, until"]),
        ("clock/advance", '{"by": "1s", "until": "next"}', ["has more than 1 of by, to, until"]),
        ("clock/advance", '{"by": "9999999999999999999999d"}', ["'99999999999999999999…' is longer than 36525d"]),
        ("clock/advance", '{"by": "99999999d"}', ["'99999999d' is longer than 36525d"]),
        ("clock", '{"rate": 1e9}', ["1E+9 is greater than the maximum of 1000000"]),
        (
            "clock",
            '{"rate": 1e-99999999999999999999}',
            ["the body is not JSON: a number has an exponent beyond 308: line 1 column 10"],
        ),
        ("undo?", '{"exchanges": 0}', ["0 is less than the minimum of 1"]),
    ],
)
def test_what_is_wrong_with_a_body_is_said_once_and_as_it_was_written(
    client: httpx.Client, world: str, path: str, body: str, details: list[str]
) -> None:
    method = "PATCH" if path == "clock" else "POST"
    response = client.request(method, f"{world}/{path}", content=body)
    assert (response.status_code, [error["detail"] for error in response.json()["errors"]]) == (422, details)


def test_a_clock_that_would_go_back_says_so_as_instants_are_written(client: httpx.Client, world: str) -> None:
    response = client.patch(f"{world}/clock", json={"now": "2025-01-01T00:00:00Z"})
    assert (
        response.json()["detail"] == "it is 2026-01-01T00:00:00Z already, and a clock never goes back to 2025-01-01T00:00:00Z"
    )


@pytest.mark.parametrize("seed", ["99999999999999999999", "9223372036854775808", "9" * 5_000])
def test_a_seed_that_is_too_large_is_called_too_large(client: httpx.Client, seed: str) -> None:
    response = client.post(f"/worlds?seed={seed}", content="title: A", headers={"content-type": "application/yaml"})
    assert (response.status_code, response.json()["errors"][0]["detail"]) == (
        422,
        "seed is at most 9223372036854775807, and this is more",
    )


def test_a_wrong_method_is_told_every_right_one(client: httpx.Client, world: str) -> None:
    for path in {row.path for row in ROUTES}:
        methods = {row.method for row in ROUTES if re.fullmatch(re.sub(r"{\w+(:\w+)?}", "[^/]+", row.path), path)}
        target = re.sub(r"{\w+(:\w+)?}", "x", path.replace("/worlds/{world}", world))
        response = client.request("PROPFIND", target)
        assert response.status_code == 405
        assert response.headers["allow"].split(", ") == sorted(methods | ({"HEAD"} if "GET" in methods else set()))


def test_head_is_answered_as_get_is(client: httpx.Client, world: str) -> None:
    head, get = client.head(f"{world}/state"), client.get(f"{world}/state")
    assert (head.status_code, head.headers["content-length"]) == (200, get.headers["content-length"])
