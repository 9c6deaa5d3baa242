"""A request that is sent again is answered as if nobody remembered the answer, whatever has happened in its world since."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from http.client import HTTPResponse
from socket import create_connection

import httpx
import orjson
import pytest

from emulator.kernel.limits import Limits
from emulator.kernel.world import World
from emulator.scenario.scenario import Scenario
from emulator.server.app import create_app, worlds_of
from emulator.server.server import ThreadedServer
from emulator.web.known import LONGEST_KNOWN, Known
from emulator.web.response import OutgoingResponse
from tests.support.loading import LIBRARY

B2 = "/live/batches/B2?api_key=k"
BATCHES = [{"id": "B1", "name": "first", "status": "running", "searches": 1}, {"id": "B2", "status": "idle", "searches": 1}]
SCENARIO = Scenario("known", "", {"title": "Known", "clock": {"rate": 0}, "given": {"serpwow": {"batches": BATCHES}}})
ACCOUNT, LIST, B1 = "/live/account?api_key=k", "/live/batches?api_key=k", "/live/batches/B1?api_key=k"
CONTROL = "/_emulator/worlds/default"
NUMBERED = {"x-trace-id", "emulator-exchange"}


@pytest.fixture
def repeated(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """Whether each request that might have been answered as before was."""
    noted: list[bool] = []
    repeat = Known.repeat

    def noting(known: Known, world: World) -> OutgoingResponse | None:
        response = repeat(known, world)
        noted.append(response is not None)
        return response

    monkeypatch.setattr(Known, "repeat", noting)
    return noted


@pytest.fixture
def client() -> Iterator[httpx.Client]:
    with ThreadedServer(create_app(worlds_of([SCENARIO]))) as server, httpx.Client(base_url=server.url) as client:
        yield client


def seen(response: httpx.Response) -> tuple[int, dict[str, str], bytes]:
    """Return all of a response but what numbers it."""
    return (
        response.status_code,
        {name: value for name, value in response.headers.items() if name not in NUMBERED},
        response.content,
    )


@pytest.mark.parametrize("target", [ACCOUNT, LIST, B1, "/live/batches/none?api_key=k", "/live/batches/stopall?api_key=other"])
def test_what_changed_nothing_is_recorded_again_and_numbered_anew(
    target: str, client: httpx.Client, repeated: list[bool]
) -> None:
    client.get("/live/batches/B1/stop?api_key=k").raise_for_status()
    responses = [client.get(target) for _ in range(3)]
    assert repeated == [True, True]
    assert seen(responses[0]) == seen(responses[1]) == seen(responses[2])
    for name in NUMBERED:
        assert len({response.headers[name] for response in responses}) == 3
    numbers = [int(response.headers["emulator-exchange"].rpartition("/")[2]) for response in responses]
    reasons = [client.get(f"{CONTROL}/journal/{n}/explain").json() for n in numbers]
    for name in ("answer", "also", "basis", "request", "reply", "rows", "assumptions", "differences", "would_work"):
        assert reasons[0][name] == reasons[1][name] == reasons[2][name]
    assert [entry["n"] for entry in client.get(f"{CONTROL}/journal").json()["entries"]][-3:] == numbers


FAULT = {"at": "serpwow.batches.get", "where": "before-commit", "do": "status", "status": 500}
REPLY = {"at": "serpwow.batches.get", "status": 503}
CHANGES: dict[str, Callable[[httpx.Client], httpx.Response]] = {
    "a vendor's client": lambda client: client.get("/live/batches/B1/stop?api_key=k"),
    "a controller": lambda client: client.patch(
        f"{CONTROL}/state", json={"serpwow": {"batches": [{"id": "B1", "name": "new"}]}}
    ),
    "time": lambda client: client.post(f"{CONTROL}/clock/advance", json={"by": "1h"}),
    "a fault": lambda client: client.post(f"{CONTROL}/faults", json=FAULT),
    "a reply": lambda client: client.post(f"{CONTROL}/replies", json=REPLY),
    "a reply to some": lambda client: client.post(f"{CONTROL}/replies", json={**REPLY, "match": {"query": {"api_key": "k"}}}),
    "a deletion": lambda client: client.patch(
        f"{CONTROL}/state", json={"serpwow": {"batches": [{"id": "B1", "deleted": True}]}}
    ),
    "a revocation": lambda client: client.post(f"{CONTROL}/timeline", json={"after": 0, "revoke": {"serpwow": ["k"]}}),
}


@pytest.mark.parametrize("change", CHANGES)
def test_nothing_is_answered_as_before_after(change: str, client: httpx.Client, repeated: list[bool]) -> None:
    before = client.get(B1)
    CHANGES[change](client).raise_for_status()
    assert seen(client.get(B1)) != seen(before)
    assert repeated == []


def test_a_look_is_counted_by_what_follows_from_looks_however_well_it_is_known(client: httpx.Client) -> None:
    client.get(B1)
    changes = {"serpwow": {"batches": [{"id": "B1", "name": "new"}]}}
    event = {"after_call": "serpwow.batches.get", "after": 2, "times": 1, "set": changes}
    client.post(f"{CONTROL}/timeline", json=event).raise_for_status()
    assert [client.get(B1).json()["batch"]["name"] for _ in range(5)] == ["first"] * 3 + ["new"] * 2


def test_after_a_reset_answers_are_known_from_the_first_time(client: httpx.Client, repeated: list[bool]) -> None:
    before = client.get(B1)
    client.get("/live/batches/B1/stop?api_key=k").raise_for_status()
    client.post(f"{CONTROL}/reset").raise_for_status()
    assert (seen(client.get(B1)), repeated) == (seen(before), [True])


def test_the_same_batch_of_another_world_is_not_taken_for_this_one(client: httpx.Client) -> None:
    for id, name in (("one", "first"), ("two", "second")):
        given = {"serpwow": {"batches": [{"id": "B1", "name": name, "status": "idle", "searches": 1}]}}
        client.post("/_emulator/worlds", json={"id": id, "scenario": {"title": id, "given": given}}).raise_for_status()
    names = [client.get(B1, headers={"emulator-world": id}).json()["batch"]["name"] for id in ("one", "two", "one", "two")]
    assert names == ["first", "second", "first", "second"]


def test_lists_are_counted_and_refused_at_the_limit_however_well_they_are_known(
    client: httpx.Client, repeated: list[bool]
) -> None:
    assert [client.get(LIST).status_code for _ in range(62)] == [200] * 60 + [429] * 2
    assert repeated == [*[True] * 59, False, True]


def test_undone_lists_are_not_counted_however_well_they_were_known(client: httpx.Client, repeated: list[bool]) -> None:
    assert [client.get(LIST).status_code for _ in range(10)] == [200] * 10
    assert repeated == [True] * 9
    client.post(f"{CONTROL}/undo", json={"exchanges": 4}).raise_for_status()
    assert [client.get(LIST).status_code for _ in range(55)] == [200] * 54 + [429]


def test_a_list_that_is_known_is_refused_where_there_is_no_room_for_its_count(repeated: list[bool]) -> None:
    limits = Limits(resources=8)
    app = create_app(worlds_of([SCENARIO], limits=limits), limits=limits)
    with ThreadedServer(app, limits=limits) as server, httpx.Client(base_url=server.url) as client:
        for key in "kj":
            client.get(f"/live/batches?api_key={key}").raise_for_status()
            client.post(f"{CONTROL}/reset").raise_for_status()
        assert [client.get(f"/live/batches?api_key={key}").status_code for key in "kj"] == [200, 429]
        assert client.get(f"{CONTROL}/journal").json()["entries"][-1]["n"] == 1
    assert repeated == [True, False]


def test_the_oldest_entries_make_room_for_lists_that_are_known(repeated: list[bool]) -> None:
    limits = Limits(world_memory=100_000)
    worlds = worlds_of([SCENARIO], limits=limits)
    app = create_app(worlds, limits=limits)
    with ThreadedServer(app, limits=limits) as server, httpx.Client(base_url=server.url) as client:
        assert [client.get(LIST).status_code for _ in range(60)] == [200] * 60
    assert repeated == [True] * 59
    assert worlds.default.journal.dropped > 0
    assert not worlds.default.quota.over


def test_the_body_is_part_of_what_is_known(client: httpx.Client, repeated: list[bool]) -> None:
    answers = []
    with create_connection((client.base_url.host, client.base_url.port)) as connection:
        for body in (b'{"name": 11}', b'{"name": 22}', b'{"name": 22}', b'{"name":"n"}'):
            connection.sendall(b"PUT %s HTTP/1.1\r\nhost: localhost\r\ncontent-length: 12\r\n\r\n%s" % (B2.encode(), body))
            response = HTTPResponse(connection)
            response.begin()
            answers.append(response.read())
    assert repeated == [True]
    assert answers[0] == answers[1] == answers[2] != answers[3]


@pytest.mark.parametrize("words", [{}, {"after": 2}, {"rate_limit": {"calls": 2, "per": "1m"}}])
def test_no_answer_in_place_of_the_vendors_is_remembered(
    words: dict[str, object], client: httpx.Client, repeated: list[bool]
) -> None:
    client.post(f"{CONTROL}/replies", json={**REPLY, **words}).raise_for_status()
    assert [client.get(B1).status_code for _ in range(4)] == ([200] * 2 if words else [503] * 2) + [503] * 2
    assert [client.get(ACCOUNT).status_code for _ in range(3)] == [200] * 3
    assert repeated == [True, True], "those of the account, which no reply is for"
    (reply,) = client.get(f"{CONTROL}/replies").json()["replies"]
    assert reply["seen"] == 4


def test_what_is_long_is_not_kept(client: httpx.Client, repeated: list[bool]) -> None:
    name = "n" * LONGEST_KNOWN
    client.patch(f"{CONTROL}/state", json={"serpwow": {"batches": [{"id": "B1", "name": name}]}}).raise_for_status()
    assert [orjson.loads(client.get(B1).content)["batch"]["name"] for _ in range(2)] == [name, name]
    assert repeated == []


def test_what_a_client_says_comes_back_as_it_was_however_well_it_is_known(repeated: list[bool]) -> None:
    key = "100%s of %(id)s"
    headers = {"authorization": "Bearer sk_test_k", "stripe-version": "2026-05-27.preview", "idempotency-key": key}
    app = create_app(worlds_of([LIBRARY.get("stripe/cancel-in-progress")]))
    with ThreadedServer(app) as server, httpx.Client(base_url=server.url, headers=headers) as client:
        (job,) = client.get(f"{CONTROL}/state").json()["stripe"]["batch_jobs"]
        responses = [client.post(f"/v2/core/batch_jobs/{job['id']}/cancel") for _ in range(4)]
    assert [response.headers["idempotency-key"] for response in responses] == [key] * 4
    assert [response.status_code for response in responses] == [200] * 4
    assert repeated[-1]


def test_an_error_of_ours_beside_an_answer_is_noted_as_often_as_it_is_sent(client: httpx.Client, repeated: list[bool]) -> None:
    client.post("/_emulator/worlds", json={"id": "another"}).raise_for_status()
    request = b"PUT %s HTTP/1.1\r\nhost: localhost\r\ncontent-encoding: gzip\r\ncontent-length: 2\r\n\r\n??" % B2.encode()
    with create_connection((client.base_url.host, client.base_url.port)) as connection:
        for _ in range(3):
            connection.sendall(request)
            response = HTTPResponse(connection)
            response.begin()
            response.read()
            assert response.headers["emulator-error"] == "compressed-body"
    noted = client.get("/_emulator/worlds/another/unmatched").json()
    assert [each["error"] for each in noted["unmatched"]] == ["compressed-body"] * 3
    assert repeated == []
