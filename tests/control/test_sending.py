"""Requests that the control plane sends for somebody, and exchanges that are tried again under other choices."""

from __future__ import annotations

import socket
from typing import Any

import pytest

from tests.support.server import Live, World

JOB = "batchv2_AbCdEfGhIjKlMnOpQrStUvWxYz"


@pytest.fixture
def world(live: Live) -> World:
    return live.load("first-run")


def sent(world: World, **request: Any) -> Any:
    reply = world.control.post(f"/_emulator/worlds/{world.id}/send", json=request)
    return reply.json() if reply.status_code == 200 else (reply.status_code, reply.json()["detail"])


def cancel_of(world: World) -> dict[str, Any]:
    headers = {"Authorization": f"Bearer {world.stripe['api_key']}", "Stripe-Version": "2026-03-25.preview"}
    return {"method": "POST", "url": f"/v2/core/batch_jobs/{JOB}/cancel", "headers": headers}


def stop_of(world: World, id: str = "2A6F94BB") -> dict[str, Any]:
    return {"method": "GET", "url": f"/live/batches/{id}/stop?api_key={world.serpwow['api_key']}"}


def test_what_is_sent_takes_effect_and_has_an_entry(world: World) -> None:
    answer = sent(world, **cancel_of(world))
    assert (answer["status"], answer["body"]["status"], answer["n"], answer["error"]) == (200, "cancelling", 1, None)
    assert [it["answer"] for it in world.journal()] == ["job"]


@pytest.mark.parametrize(
    ("where", "do", "status", "error"),
    [
        ("after-commit", "drop", 0, "the server hangs up without a whole reply"),
        ("after-commit", "reset", 0, "the server resets the connection"),
        ("before-commit", "hang", 0, "the server never answers"),
        ("mid-body", "truncate", 200, "the server hangs up without a whole reply"),
    ],
)
def test_an_answer_that_is_lost_is_told_and_the_call_is_made_once(
    world: World, where: str, do: str, status: int, error: str
) -> None:
    fault = {"at": "stripe.batch_jobs.cancel", "where": where, "do": do, "times": 1}
    assert world.control.post(f"/_emulator/worlds/{world.id}/faults", json=fault).status_code == 201
    answer = sent(world, **cancel_of(world))
    assert (answer["status"], error in answer["error"], answer["n"]) == (status, True, 1)
    assert len(world.journal()) == 1


@pytest.mark.parametrize(
    ("vendor", "request_"),
    [
        ("serpwow", {"method": "GET", "url": "/live/account?api_key={serpwow.api_key}"}),
        ("stripe", {"method": "GET", "url": "/v2/core/batch_jobs/x", "headers": {"Authorization": "Bearer {stripe.api_key}"}}),
        (
            "6dot50",
            {
                "method": "POST",
                "url": "/za/pay/authentication/getToken",
                "body": {"key": "{6dot50.key}", "secret": "{6dot50.secret}"},
            },
        ),
    ],
)
def test_names_stand_for_the_worlds_own_credentials(world: World, vendor: str, request_: dict[str, Any]) -> None:
    heard = sent(world, **request_)
    (entry,) = world.journal()
    assert (heard["n"], entry["operation"].partition(".")[0]) == (1, vendor)
    assert heard["status"] not in (401, 403)
    trial = world.control.post(f"/_emulator/worlds/{world.id}/dry-run", json=request_).json()
    assert (trial["world"], trial["status"]) == (world.id, heard["status"])


def test_other_texts_in_braces_stay(world: World) -> None:
    body = {"name": "{x} {serpwow.key} {}"}
    sent(world, method="POST", url="/live/batches?api_key={serpwow.api_key}&q={a}", body=body)
    (entry,) = world.journal()
    assert (entry["request"]["body"], entry["target"].endswith("&q={a}")) == (body, True)


@pytest.mark.parametrize(
    ("name", "status", "told"),
    [
        ("entry/9/token", 404, "no entry 9"),
        ("entry/1/request_info.nothing", 422, "has no text at 'request_info.nothing'"),
        ("entry/1/request_info", 422, "has no text at"),
        ("entry/1/a.0.b", 422, "has no text at"),
    ],
)
def test_a_name_of_what_no_answer_gave_is_refused(world: World, name: str, status: int, told: str) -> None:
    sent(world, **stop_of(world))
    answer = sent(world, method="GET", url=f"/live/batches/{{{name}}}?api_key={{serpwow.api_key}}")
    assert (answer[0], told in answer[1], len(world.journal())) == (status, True, 1), answer


def test_an_exchange_is_sent_once_more_with_its_own_credential(world: World) -> None:
    sent(world, **stop_of(world))
    again = sent(world, n=1)
    assert (again["status"], again["n"]) == (400, 2)
    assert [it["answer"] for it in world.journal()] == ["stopped", "not_stoppable"]


@pytest.mark.parametrize(
    ("request_", "status", "told"),
    [
        ({"n": 7}, 404, "no entry 7"),
        ({"method": "GET", "url": "/_emulator/worlds"}, 422, "no path of a vendor"),
        ({"method": "GET", "url": "/"}, 422, "no path of a vendor"),
        ({"method": "GET", "url": "/live/a b"}, 422, "without spaces"),
        ({"method": "GET", "url": "/live/account?api_key=sk_live_0123456789abcdef01234567"}, 422, "live key"),
        ({"url": "/live/account"}, 422, "method"),
    ],
)
def test_what_could_reach_no_vendor_is_refused_and_nothing_happens(
    world: World, request_: dict[str, Any], status: int, told: str
) -> None:
    code, detail = sent(world, **request_)
    assert (code, told in detail) == (status, True), detail
    assert world.journal() == []


def test_a_change_is_no_exchange_that_could_be_sent_or_tried(world: World) -> None:
    world.advance("2s")
    assert "no exchange" in sent(world, n=1)[1]
    reply = world.control.post(f"/_emulator/worlds/{world.id}/journal/1/dry-run", json={})
    assert (reply.status_code, "no exchange" in reply.json()["detail"]) == (409, True)


def test_an_exchange_is_tried_under_another_choice_and_nothing_happens(world: World) -> None:
    sent(world, **stop_of(world, "UNKNOWN"))
    before = world.state()
    reply = world.control.post(
        f"/_emulator/worlds/{world.id}/journal/1/dry-run", json={"assume": {"serpwow.unknown-batch": "404"}}
    ).json()
    assert (world.journal()[0]["status"], reply["status"], reply["differences"]) == (400, 404, [])
    assert reply["explanation"]["assumptions"][0]["choice"] == "404"
    assert (world.state(), len(world.journal())) == (before, 1)


def test_an_exchange_is_tried_in_the_world_before_it(world: World) -> None:
    sent(world, **stop_of(world))
    sent(world, **stop_of(world))
    reply = world.control.post(f"/_emulator/worlds/{world.id}/journal/1/dry-run", json={}).json()
    assert (reply["status"], [it["to"] for it in reply["changes"]]) == (200, ["idle"])


@pytest.mark.parametrize(
    ("choices", "told"), [({"serpwow.unknown-bach": "404"}, "serpwow.unknown-batch"), ({"serpwow.unknown-batch": "405"}, "404")]
)
def test_a_choice_that_there_is_not_is_refused_with_the_nearest(world: World, choices: dict[str, str], told: str) -> None:
    sent(world, **stop_of(world))
    reply = world.control.post(f"/_emulator/worlds/{world.id}/journal/1/dry-run", json={"assume": choices})
    assert (reply.status_code, told in reply.json()["detail"]) == (422, True), reply.text


@pytest.mark.parametrize("n", ["9" * 5_000, "\N{SUPERSCRIPT TWO}", "-1", "x"])
def test_what_is_no_number_of_an_entry_cannot_be_tried(world: World, n: str) -> None:
    reply = world.control.post(f"/_emulator/worlds/{world.id}/journal/{n}/dry-run", json={})
    assert (reply.status_code, "not the number of an entry" in reply.json()["detail"]) == (422, True), reply.text


@pytest.mark.parametrize("path", ["/live/account", "/v2/core/batch_jobs/x", "/za/pay/accounts"])
def test_no_connection_is_opened_wherever_a_url_leads(world: World, path: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.setblocking(False)
        sent(world, method="GET", url=f"http://127.0.0.1:{listener.getsockname()[1]}{path}")
        with pytest.raises(BlockingIOError):
            listener.accept()
