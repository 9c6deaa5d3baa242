"""An exchange that is taken away does again what it did: as a command of curl, as a step, and as a test."""

from __future__ import annotations

import json
import shlex
import subprocess
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator import Emulator, EmulatorServer
from emulator.client.server import ControlError
from emulator.recording.python_code import Python, literal
from emulator.scenario.strict_yaml import parse
from emulator.text.escape import escaped_lines
from tests.support.loading import LIBRARY
from tests.support.recordings import copies_of

BATCH = "2A6F94BB"
SCENARIO: dict[str, Any] = {
    "title": 'A batch """ waits',
    "clock": {"start": "2026-03-09T20:55:31Z"},
    "timing": {"serpwow.queue": "never"},
    "given": {"serpwow": {"batches": [{"id": BATCH, "status": "queued", "searches": 10}]}},
}
HOSTILE = '\'; exit 7; " $HOME `id` {a} \\ """ ${x} !'
OBEYED = "name=\x1b[201~\x03touch x\n\t'\\x41\\ $HOME \x07\u202e\x9b \N{NO-BREAK SPACE}ü!"
LOST = {"at": "serpwow.batches.stop", "where": "after-commit", "do": "drop"}


@pytest.fixture(scope="module")
def server() -> Iterator[EmulatorServer]:
    with EmulatorServer() as server:
        yield server


@pytest.fixture
def emulator(server: EmulatorServer) -> Iterator[Emulator]:
    with Emulator(SCENARIO, server=server) as emulator:
        yield emulator


@pytest.fixture
def client(emulator: Emulator) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=emulator.url, params={"api_key": emulator.serpwow.api_key}) as client:
        yield client


def copied(emulator: Emulator, form: str, n: int | str = "last") -> str:
    text: str = emulator.ask("GET", f"/journal/{n}/copy?as={form}")["text"]
    return text


def newest(emulator: Emulator) -> Any:
    """Return what the newest exchange was, but for when."""
    entry = emulator.ask("GET", "/journal")["entries"][-1]
    return [entry[name] for name in ("operation", "method", "status", "answer", "target", "reply")], entry["request"]["body"]


def in_shell(text: str) -> None:
    """Run a command in a shell without variables of ours."""
    subprocess.run(["bash", "-euc", text], check=True, capture_output=True, env={"PATH": "/usr/local/bin:/usr/bin:/bin"})


def run(server: EmulatorServer, text: str) -> None:
    """Run the test in a file in a world of its own, as the fixture makes one."""
    names: dict[str, Any] = {}
    exec(compile(text, "copied", "exec"), names)
    (test,) = (it for name, it in names.items() if name.startswith("test_"))
    with Emulator(names["SCENARIO"], server=server) as emulator:
        test(emulator)


def stop(client: httpx.Client) -> None:
    client.get(f"/live/batches/{BATCH}/stop")


def stop_with_another_key(client: httpx.Client) -> None:
    world = client.headers["Emulator-World"]
    httpx.get(f"{client.base_url}/live/batches/{BATCH}/stop?api_key=0123456789ABCDEF", headers={"Emulator-World": world})


def create_hostile(client: httpx.Client) -> None:
    client.post("/live/batches", json={"name": HOSTILE, "priority": "normal"})


def create_of_text(client: httpx.Client) -> None:
    client.post("/live/batches", content='{"name": "a",\n "x": 1.50}')


def ask_oddly(client: httpx.Client) -> None:
    client.get("/", extensions={"target": b"/live/./batches/../account?a[]=%7Bx%7D&b={1..3}"})


def delete(client: httpx.Client) -> None:
    client.delete(f"/live/batches/{BATCH}")


def create_obeyed(client: httpx.Client) -> None:
    client.post("/live/batches", content=OBEYED, headers={"content-type": "text/plain"})


REQUESTS = [stop, stop_with_another_key, create_hostile, create_of_text, create_obeyed, ask_oddly, delete]


@pytest.fixture(params=REQUESTS, ids=lambda it: it.__name__)
def asked(request: pytest.FixtureRequest, emulator: Emulator, client: httpx.Client) -> Emulator:
    ask: Callable[[httpx.Client], None] = request.param
    client.headers["Emulator-World"] = emulator.id
    ask(client)
    return emulator


def test_curl_sends_an_exchange_again(asked: Emulator) -> None:
    told = newest(asked)
    text = copied(asked, "curl")
    asked.reset()
    in_shell(text)
    (first, body), (again, same) = told, newest(asked)
    assert (again[:4], same) == (first[:4], body)


@pytest.mark.parametrize("form", ["curl", "step", "pytest"])
def test_nothing_in_a_copy_is_obeyed_by_a_terminal(form: str, client: httpx.Client, emulator: Emulator) -> None:
    create_obeyed(client)
    reply = httpx.get(f"{emulator.url}/_emulator/worlds/{emulator.id}/journal/last/copy?as={form}")
    assert (reply.status_code, escaped_lines(reply.text)) == (200, reply.text)


def test_a_test_hears_what_was_heard(asked: Emulator, server: EmulatorServer) -> None:
    run(server, copied(asked, "pytest"))


def sent(emulator: Emulator, n: int | str = "last") -> Any:
    """Send an exchange once more as it is copied, and return what is heard."""
    return emulator.ask("POST", "/send", emulator.ask("GET", f"/journal/{n}/copy?as=json"))


def test_a_request_is_sent_again_as_it_is_copied(asked: Emulator) -> None:
    told = newest(asked)
    request = asked.ask("GET", "/journal/last/copy?as=json")
    asked.reset()
    assert asked.ask("POST", "/send", request)["n"] == 1
    (first, body), (again, same) = told, newest(asked)
    assert (again[:4], same) == (first[:4], body)


@pytest.mark.parametrize("form", ["curl", "step", "pytest"])
def test_what_is_copied_names_no_credential_of_a_client(asked: Emulator, form: str) -> None:
    text = str(asked.ask("GET", f"/journal/last/copy?as={form}"))
    assert "0123456789ABCDEF" not in text
    if form != "curl":
        assert asked.serpwow.api_key not in text


def test_a_command_sets_the_worlds_own_credential_by_name(emulator: Emulator, client: httpx.Client) -> None:
    stop(client)
    assert copied(emulator, "curl").splitlines() == [
        f"SERPWOW_API_KEY={emulator.serpwow.api_key}",
        f'curl -sS "{emulator.url}/live/batches/{BATCH}/stop?api_key=${{SERPWOW_API_KEY}}"',
    ]


def test_a_step_expects_the_whole_answer_whatever_was_heard_before(emulator: Emulator, client: httpx.Client) -> None:
    for _ in range(2):
        client.get(f"/live/batches/{BATCH}")
    steps = [parse("steps:\n" + copied(emulator, "step", n)).value["steps"] for n in (1, 2)]
    assert steps[0] == steps[1]
    assert steps[0][0]["send"] == f"GET /live/batches/{BATCH}?api_key={{serpwow.api_key}}"
    assert steps[0][0]["get"]["json"]["batch"]["status"] == "queued"


def get_token(emulator: Emulator) -> dict[str, str]:
    """Return the headers of a client that has a token."""
    credentials = {"key": emulator.sixdot50.key, "secret": emulator.sixdot50.secret}
    reply = httpx.post(f"{emulator.url}/za/pay/authentication/getToken", json=credentials)
    return {"Authorization": f"Bearer {reply.json()['token']}"}


def test_a_token_is_asked_for_anew(emulator: Emulator, server: EmulatorServer) -> None:
    headers = get_token(emulator)
    httpx.get(f"{emulator.url}/za/pay/accounts", headers=headers)
    token = headers["Authorization"].removeprefix("Bearer ")
    texts = {form: copied(emulator, form) for form in ("curl", "step", "pytest")}
    assert not any(token in text for text in texts.values())
    assert "keep: {token: token}" in texts["step"]
    told = newest(emulator)
    in_shell(texts["curl"])
    assert newest(emulator) == told
    assert len(emulator.ask("GET", "/journal")["entries"]) == 4
    run(server, texts["pytest"])


def test_a_token_is_sent_again_without_being_shown(emulator: Emulator) -> None:
    httpx.get(f"{emulator.url}/za/pay/accounts", headers=get_token(emulator))
    request = emulator.ask("GET", "/journal/last/copy?as=json")
    assert request == {"method": "GET", "url": "/za/pay/accounts", "headers": {"Authorization": "Bearer {entry/1/token}"}}
    assert (sent(emulator)["status"], sent(emulator, 1)["status"]) == (200, 200)
    assert emulator.ask("POST", "/dry-run", request)["status"] == 200


def test_a_test_plays_what_was_done_by_hand(emulator: Emulator, client: httpx.Client, server: EmulatorServer) -> None:
    emulator.state.change({"serpwow": {"account": {"credits_limit": 200}}})
    emulator.clock.advance("90s")
    emulator.faults.add(**LOST, times=1)
    with suppress(httpx.TransportError):
        stop(client)
    run(server, copied(emulator, "pytest"))
    stop(client)
    emulator.clock.advance("1h")
    text = copied(emulator, "pytest")
    for line in ('advance("1m30s")', "emulator.faults.add(", "emulator.state.change(", "pytest.raises(httpx.TransportError)"):
        assert line in text
    assert "advance" not in text.rpartition("client.get")[2]
    run(server, text)


def test_a_test_revokes_what_was_revoked_by_hand(emulator: Emulator, client: httpx.Client, server: EmulatorServer) -> None:
    stop(client)
    emulator.timeline.add(after="0s", revoke={"serpwow": ["{serpwow.api_key}"]})
    stop(client)
    text = copied(emulator, "pytest")
    assert 'emulator.timeline.add(after="0s", revoke={"serpwow": [' in text
    run(server, text)


def test_a_copied_loss_tells_what_the_client_did_not_hear(
    emulator: Emulator, client: httpx.Client, server: EmulatorServer
) -> None:
    emulator.faults.add(at="serpwow.batches.stop", where="after-commit", do="drop", times=1)
    with pytest.raises(httpx.TransportError):
        stop(client)
    text = copied(emulator, "pytest")
    assert "serpwow.batches.stop is not answered" in text
    assert "    assert emulator.journal.exchanges()[-1].status == 200  # nobody heard it" in text
    run(server, text)


def test_what_a_test_asserts_can_fail(emulator: Emulator, client: httpx.Client, server: EmulatorServer) -> None:
    client.get(f"/live/batches/{BATCH}")
    text = copied(emulator, "pytest")
    with pytest.raises(AssertionError):
        run(server, text.replace('"queued"', '"idle"', 1))


def test_parts_without_effect_are_left_out_of_a_test(server: EmulatorServer) -> None:
    jobs = [{"id": "batchv2_1", "status": "complete", "rows": 3, "timing": {"stripe.drain": "2s"}}]
    scenario = {"given": {"stripe": {"batch_jobs": jobs}}}
    with pytest.raises(ControlError, match="waits for"):
        Emulator(scenario, server=server)
    made = server.ask("POST", "/worlds", {"scenario": scenario})
    headers = {"Authorization": f"Bearer {made['credentials']['stripe']['api_key']}", "Stripe-Version": "2026-03-25.preview"}
    httpx.get(f"{server.url}/v2/core/batch_jobs/batchv2_1", headers=headers)
    text = server.ask("GET", f"/worlds/{made['id']}/journal/last/copy?as=pytest")["text"]
    assert "stripe.drain" not in text
    run(server, text)


def test_pytest_runs_the_file(pytester: pytest.Pytester, emulator: Emulator, client: httpx.Client) -> None:
    create_hostile(client)
    pytester.makepyfile(test_copied=copied(emulator, "pytest"))
    pytester.runpytest_subprocess("-p", "no:cacheprovider").assert_outcomes(passed=1)


PLAYED = [
    "first-run",
    "serpwow/stopall-23",
    "stripe/cancel-complete",
    "6dot50/everyone-shares-a-limit",
]


@pytest.mark.parametrize("name", PLAYED)
def test_every_exchange_of_a_scenario_makes_a_test_that_passes(name: str, server: EmulatorServer) -> None:
    texts = copies_of(LIBRARY.get(name), "pytest")
    assert texts
    for text in texts:
        run(server, text)


@pytest.mark.parametrize(
    ("path", "status", "told"),
    [
        ("1/copy?as=curl", 409, "no exchange"),
        ("9/copy", 404, "no entry 9"),
        ("1/copy?as=perl", 422, "as"),
    ],
)
def test_what_cannot_be_copied_is_refused(emulator: Emulator, path: str, status: int, told: str) -> None:
    emulator.state.change({"serpwow": {"batches": [{"id": BATCH, "status": "running"}]}})
    with pytest.raises(ControlError, match=told) as refused:
        emulator.ask("GET", f"/journal/{path}")
    assert refused.value.status == status


def test_a_journal_without_its_beginning_makes_no_test_but_a_command(emulator: Emulator, client: httpx.Client) -> None:
    stop(client)
    emulator.journal.clear()
    client.get(f"/live/batches/{BATCH}")
    with pytest.raises(ControlError, match="were cleared"):
        copied(emulator, "pytest")
    in_shell(copied(emulator, "curl"))
    assert copied(emulator, "step").startswith("  - send: GET")


def test_a_body_that_was_not_kept_is_named(server: EmulatorServer) -> None:
    with Emulator(SCENARIO, server=server) as emulator:
        httpx.post(f"{emulator.url}/live/batches?api_key={emulator.serpwow.api_key}", content=b"\xff\xfe")
        with pytest.raises(ControlError, match="its body of 2 bytes is no text"):
            copied(emulator, "curl")


@given(st.text(), st.text())
def test_a_text_in_python_is_that_text(text: str, other: str) -> None:
    assert eval(literal(text)) == text
    code = Python({"a.b": "a"}).text(f"{text}{{a.b}}{other}")
    if "{" not in text and "}" not in other:
        assert eval(code, {"a": "-"}) == f"{text}-{other}"


def test_a_command_is_one_line_of_words(emulator: Emulator, client: httpx.Client) -> None:
    create_hostile(client)
    words = shlex.split(copied(emulator, "curl"))
    assert json.loads(words[words.index("--data-raw") + 1])["name"] == HOSTILE
