"""What somebody else does in a world: deletions, what follows from calls, and credentials that are revoked."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from itertools import count
from typing import Any

import httpx
import pytest

from emulator import Emulator, EmulatorServer
from emulator.client.failure_report import failure_report
from emulator.client.in_process import InProcessClient
from emulator.client.server import ControlError
from emulator.kernel import clock
from emulator.kernel.errors import BadInput
from emulator.scenario.loader import load_text
from emulator.scenario.player import play
from emulator.vendors import VENDORS

GUIDS = ["aaaaaaaa-b00f-4e77-8175-253093157a2f", "bbbbbbbb-b00f-4e77-8175-253093157a2f"]
GIVEN = f"""title: A story
timing: {{serpwow.queue: never, serpwow.run: never}}
credentials: {{serpwow: [a-listed-key]}}
given:
  serpwow:
    batches: [{{id: B1, name: Nightly, status: queued, searches: 5}}, {{id: B2, name: Twin}}, {{id: B3, name: Twin}}]
  6dot50:
    batches: [{{id: {GUIDS[0]}, payments: [{{id: {GUIDS[1]}, msisdn: "27821231234", amount: 1}}]}}, {{name: Empty}}]
"""
LINE = GIVEN.count("\n") + 2


def deleting(part: str) -> str:
    return f"timeline:\n  - {{after: 1s, set: {{serpwow: {{{part}}}}}}}"


def paying(part: str) -> str:
    return f"timeline:\n  - {{after: 1s, set: {{6dot50: {{{part}}}}}}}"


@pytest.mark.parametrize(
    ("text", "column", "message"),
    [
        (deleting("batches: [{id: B4, deleted: true}]"), 22, "impossible: /serpwow/batches/0/id: no batch with the id 'B4' is there"),
        ("timeline:\n  - {after: 0s, set: {serpwow: {batches: [{id: B4, deleted: true}]}}}", 22, "impossible: /serpwow/batches/0/id: no"),
        (deleting("batches: [{id: B11, deleted: true}]"), 22, "did you mean 'B1'?"),
        (deleting("batches: [{name: Nighly, deleted: true}]"), 22, "did you mean 'Nightly'?"),
        (deleting("batches: [{name: Twin, deleted: true}]"), 22, "2 have the name 'Twin': give an id, such as B2 or B3"),
        (deleting("batches: [{deleted: true}]"), 43, "what is deleted is named by id or name"),
        (deleting("batches: [{id: B2, name: Twin, deleted: true}]"), 43, "what is deleted is named by id or name"),
        (deleting("batches: [{id: B1, deleted: true, status: idle}]"), 75, "what is deleted is only named: leave out 'status'"),
        (deleting("batches: [{id: B1, deleted: false}]"), 61, "false is not true"),
        (deleting("batches: [{repeat: 2, name: Twin, deleted: true}]"), 52, "leave out 'repeat'"),
        (deleting("account: {deleted: true}"), 52, "unknown key 'deleted'"),
        (paying("accounts: [{name: AcmeCorp, deleted: true}]"), 69, "with 'active: false' it pays nothing"),
        (paying("members: [{deleted: true}]"), 42, "what is deleted is named by msisdn or id"),
        (paying(f"batches: [{{name: Empty, payments: [{{id: {GUIDS[1]}, deleted: true}}]}}]"), 22, "in one that no id names"),
        (paying(f"batches: [{{id: {GUIDS[1]}, payments: [{{id: {GUIDS[1]}, deleted: true}}]}}]"), 22, "named here by its id"),
        ("timeline:\n  - {after_call: serpwow.batches.stp, set: {serpwow: {}}}", 18, "did you mean 'serpwow.batches.stop'?"),
        ("timeline:\n  - {after_call: [], set: {serpwow: {}}}", 18, "is empty, and cannot be"),
        ("timeline:\n  - {set: {serpwow: {}}}", 5, "'after' is missing: a time from the beginning; or 'after_call'"),
        ("timeline:\n  - {after: 1s}", 5, "nothing happens: write 'set'"),
        ("timeline:\n  - {after: 1s, times: 1, set: {serpwow: {}}}", 24, "'times' is about calls, and needs 'after_call'"),
        ("timeline:\n  - {after: 1s, wait: 1s, set: {serpwow: {}}}", 23, "'wait' is about calls, and needs 'after_call'"),
        ("timeline:\n  - {after_call: serpwow, after: 30s, set: {serpwow: {}}}", 34, "a number of calls: a time is 'wait'"),
        ("timeline:\n  - {after_call: serpwow, wait: never, set: {serpwow: {}}}", 33, "'never' is not a duration here"),
        ("timeline:\n  - {after_call: serpwow.account.get, id: B1, set: {serpwow: {}}}", 43, "names no resource, so nothing with"),
        ("timeline:\n  - {after_call: serpwow, status: 6xx, set: {serpwow: {}}}", 35, "'6xx' is not"),
        ("timeline:\n  - {after_call: serpwow, status: [], set: {serpwow: {}}}", 35, "[] is empty"),
        ("timeline:\n  - {after_call: serpwow, delay: 3s, set: {serpwow: {}}}", 34, "'wait' how long after a call"),
        ("timeline:\n  - {after: 1s, revoke: {serpwow: [another-key]}}", 36, "'credentials' lists no such credential of serpwow"),
        ("timeline:\n  - {after: 1s, revoke: {serpwow: []}}", 35, "is empty, and cannot be"),
        ("timeline:\n  - {after: 1s, revoke: {serpwow: ['{serpwow.key}']}}", 36, "is '{serpwow.api_key}'"),
        ("timeline:\n  - {after: 1s, revoke: {strpe: [a]}}", 33, "did you mean 'stripe'?"),
    ],
)  # fmt: skip
def test_a_mistake_is_told_with_its_place(text: str, column: int, message: str) -> None:
    with pytest.raises(BadInput) as refused:
        load_text(GIVEN + text, VENDORS, "s", "s.yaml")
    (line,) = [it for it in refused.value.lines() if message in it]
    assert line.startswith(f"s.yaml:{LINE}:{column}: "), line


def test_what_would_follow_a_call_beyond_the_end_of_time_is_told_with_its_place() -> None:
    event = "{after_call: serpwow, wait: 10d, set: {serpwow: {account: {credits_limit: 3}}}}"
    text = "title: A\nclock: {start: %s}\ntimeline:\n  - " + event
    load_text(text % "8999-12-22T00:00:00Z", VENDORS, "s", "s.yaml")
    with pytest.raises(BadInput) as refused:
        load_text(text % "8999-12-23T00:00:00Z", VENDORS, "s", "s.yaml")
    assert refused.value.lines() == ["s.yaml:4:33: that long after any answer is beyond the end of time, 9000-01-01T00:00:00Z"]


def test_an_event_whose_time_is_wrong_is_compared_with_no_other() -> None:
    events = "  - {after: 1x, revoke: {serpwow: [a]}}\n  - {after: 2s, revoke: {serpwow: [a]}}\n"
    with pytest.raises(BadInput) as refused:
        load_text(f"title: A\ntimeline:\n{events}", VENDORS, "s", "s.yaml")
    (line,) = refused.value.lines()
    assert line.startswith("s.yaml:3:13: '1x'")


def test_when_a_world_begins_there_is_nothing_to_be_deleted() -> None:
    with pytest.raises(BadInput, match="when a world begins there is nothing to be deleted"):
        load_text("title: A\ngiven: {serpwow: {batches: [{id: B, deleted: true}]}}", VENDORS, "s", "s.yaml")


@pytest.fixture(scope="module")
def server() -> Iterator[EmulatorServer]:
    with EmulatorServer() as server:
        yield server


class Client:
    """A client of SerpWow in a world of its own."""

    def __init__(self, emulator: Emulator) -> None:
        self.emulator = emulator
        self._http = httpx.Client(transport=emulator.transport(), base_url="http://127.0.0.1/live")

    def get(self, path: str, api_key: str | None = None) -> int:
        key = api_key or self.emulator.serpwow.api_key
        return self._http.get(path, params={"api_key": key}, headers={"X-Look": path}).status_code

    @property
    def limit(self) -> int:
        return int(self.emulator.serpwow.account.credits_limit)


STORY: dict[str, Any] = {
    "timing": {"serpwow.queue": "never"},
    "given": {
        "serpwow": {
            "account": {"credits_limit": 100},
            "batches": [{"id": "B1", "status": "queued", "searches": 5}, {"id": "B2", "searches": 1}],
        }
    },
}


@pytest.fixture
def client(server: EmulatorServer) -> Iterator[Client]:
    with Emulator(STORY, server=server) as emulator:
        yield Client(emulator)


MORE = {"serpwow": {"account": {"credits_limit": 200}}}
LOOKS = ["/batches/B1", "/batches/B2", "/account", "/batches/none"]


@pytest.mark.parametrize(
    ("event", "effects"),
    [
        ({"after_call": "serpwow.batches.get"}, [True, True, False, True]),
        ({"after_call": "serpwow.batches.get", "times": 1}, [True, False, False, False]),
        ({"after_call": "serpwow.batches.get", "after": 1}, [False, True, False, True]),
        ({"after_call": "serpwow.batches.get", "after": 1, "times": 1}, [False, True, False, False]),
        ({"after_call": "serpwow.batches.get", "every": 2}, [False, True, False, False]),
        ({"after_call": "serpwow.batches.get", "id": "B2"}, [False, True, False, False]),
        ({"after_call": "serpwow.batches.get", "status": 200}, [True, True, False, False]),
        ({"after_call": "serpwow.batches.get", "status": "4xx"}, [False, False, False, True]),
        ({"after_call": "serpwow.batches.get", "status": [400, "5xx"]}, [False, False, False, True]),
        ({"after_call": "serpwow.account.get"}, [False, False, True, False]),
        ({"after_call": ["serpwow.account.get", "serpwow.batches.get"], "id": "B1"}, [True, False, False, False]),
        ({"after_call": ["serpwow", "serpwow.account.get", "*"]}, [True, True, True, True]),
        ({"after_call": "stripe"}, [False, False, False, False]),
        ({"after_call": "serpwow", "match": {"headers": {"x-look": "/batches/B2"}}}, [False, True, False, False]),
        ({"after_call": "*", "match": {"query": {"api_key": "another"}}}, [False, False, False, False]),
    ],
)
def test_what_follows_from_a_call_follows_from_the_calls_that_are_meant(
    client: Client, event: dict[str, Any], effects: list[bool]
) -> None:
    client.emulator.timeline.add(**event, set=MORE)
    seen = []
    for path in LOOKS:
        client.emulator.state.change({"serpwow": {"account": {"credits_limit": 100}}})
        client.get(path)
        seen.append(client.limit == 200)
    assert seen == effects


@pytest.mark.parametrize(
    ("fault", "happens"),
    [
        ({"where": "before-commit", "do": "status", "status": 503}, False),
        ({"where": "before-auth", "do": "status", "status": 503}, False),
        ({"where": "after-commit", "do": "status", "status": 503}, True),
        ({"where": "after-commit", "do": "delay", "delay": "1m"}, True),
    ],
)
def test_what_a_fault_keeps_from_taking_effect_has_no_consequence(client: Client, fault: dict[str, Any], happens: bool) -> None:
    client.emulator.timeline.add(after_call="serpwow.batches.stop", status=200, set=MORE)
    client.emulator.faults.add(at="serpwow.batches.stop", **fault)
    client.get("/batches/B1/stop")
    assert (client.limit == 200) == happens


def test_a_scripted_reply_is_an_answer_with_its_status(server: EmulatorServer) -> None:
    reply = {"at": "serpwow.batches.stop", "times": 1, "status": 503, "body": "busy"}
    event = {"after_call": "serpwow.batches.stop", "status": 503, "set": MORE}
    with Emulator({**STORY, "replies": [reply], "timeline": [event]}, server=server) as emulator:
        client = Client(emulator)
        assert (client.get("/batches/B1/stop"), client.limit) == (503, 200)


def test_what_follows_at_once_stands_in_the_journal_right_behind_the_call_and_names_it(client: Client) -> None:
    event = client.emulator.timeline.add(
        after_call="serpwow.batches.get", set={"serpwow": {"batches": [{"id": "B1", "deleted": True}]}}
    )
    assert client.get("/batches/B1") == 200
    why = f"right after serpwow.batches.get, entry 1 ({event.id})"
    assert [(it.id, it.to, it.why) for it in client.emulator.journal.changes()[-2:]] == [
        (f"{event.id}/1", "absent", why),
        ("B1", "absent", why),
    ]
    assert client.get("/batches/B1") == 400
    explained = client.emulator.journal.exchanges()[-1].explain().told
    assert f"batch 'B1' was deleted at {explained['at']}: {why}" in explained["would_work"]


def test_what_waits_is_on_the_agenda_and_in_what_an_advance_brings_about(client: Client) -> None:
    emulator = client.emulator
    emulator.timeline.add(after_call="serpwow.batches.get", wait="30s", set=MORE)
    assert emulator.clock.next is None
    client.get("/batches/B1")
    (event,) = emulator.timeline.list()
    assert emulator.clock.next == event.due
    assert [timer["id"] for timer in emulator.ask("GET", "/pending")["pending"]] == ["timeline-1/1"]
    fired = emulator.ask("POST", "/clock/advance", {"until": "idle"})["fired"]
    assert [(it["id"], it["why"]) for it in fired] == [("timeline-1/1", "30s after serpwow.batches.get, entry 1 (timeline-1)")]
    assert client.limit == 200


def test_what_waits_belongs_to_the_world_that_it_waits_in(client: Client) -> None:
    emulator = client.emulator
    emulator.timeline.add(after_call="serpwow.batches.get", wait="30s", times=1, set=MORE)
    emulator.snapshot("before")
    client.get("/batches/B1")
    fork = Client(emulator.fork())
    fork.emulator.clock.advance("30s")
    assert (fork.limit, client.limit) == (200, 100)
    emulator.undo(1)
    emulator.clock.advance("30s")
    assert (client.limit, emulator.timeline.list()[0].left) == (100, 1)
    client.get("/batches/B1")
    emulator.restore("before")
    pending = [bool(emulator.clock.next), client.get("/batches/B1") == 200, bool(emulator.clock.next)]
    assert pending == [False, True, True]
    emulator.reset()
    assert emulator.timeline.list() == []


def test_a_dry_run_says_what_would_follow_and_nothing_does(client: Client) -> None:
    client.emulator.timeline.add(after_call="serpwow.batches.stop", set=MORE)
    tried = client.emulator.dry_run("GET", f"/live/batches/B1/stop?api_key={client.emulator.serpwow.api_key}")
    assert "credits_limit 100 -> 200" in " ".join(map(str, tried.differences))
    assert (client.limit, client.emulator.timeline.list()[0].seen) == (100, 0)


def test_one_jump_or_many_bring_about_the_same(server: EmulatorServer) -> None:
    events = [
        {"after_call": "serpwow.batches.get", "wait": "30s", "set": {"serpwow": {"batches": [{"id": "B1", "deleted": True}]}}},
        {"after_call": "serpwow.batches.get", "wait": "30s", "set": {"serpwow": {"batches": [{"id": "N", "searches": 1}]}}},
        {"after": "31s", "set": {"serpwow": {"batches": [{"id": "N", "status": "queued"}]}}},
    ]
    seen = []
    for steps in (["40s"], ["10s"] * 4, ["1s"] * 40):
        with Emulator({**STORY, "timeline": events}, server=server, id="jumps", seed=1) as emulator:
            Client(emulator).get("/batches/B1")
            for step in steps:
                emulator.clock.advance(step)
            changes = [(it.at, it.id, it.why) for it in emulator.journal.changes()]
            seen.append((changes, dict(emulator.state), emulator.timeline.list()))
    assert seen[0] == seen[1] == seen[2]


def test_an_event_that_has_become_impossible_says_so_and_changes_nothing(server: EmulatorServer) -> None:
    deletions = [{"id": "B1", "deleted": True}, {"id": "B2", "deleted": True}]
    event = {"after": "1m", "set": {"serpwow": {"batches": deletions}}}
    with Emulator({**STORY, "timeline": [event]}, server=server) as emulator:
        emulator.state.change({"serpwow": {"batches": [{"id": "B1", "deleted": True}]}})
        emulator.clock.advance("1m")
        (change,) = emulator.journal.changes()[-1:]
        assert change.why.startswith(
            "after 1m (timeline[0]): impossible: /serpwow/batches/0/id: no batch with the id 'B1' is there"
        )
        assert [batch.id for batch in emulator.serpwow.batches] == ["B2"]


@pytest.mark.parametrize("times", [None, 1])
def test_an_event_can_be_called_off_with_what_is_due_because_of_it(client: Client, times: int | None) -> None:
    emulator = client.emulator
    event = emulator.timeline.add(after_call="serpwow.batches.get", wait="30s", times=times, set=MORE)
    other = emulator.timeline.add(after="1m", set=MORE)
    client.get("/batches/B1")
    emulator.timeline.remove(event.id)
    assert [it.id for it in emulator.timeline.list()] == [other.id]
    emulator.clock.advance("59s")
    assert client.limit == 100
    emulator.timeline.clear()
    emulator.clock.advance("1m")
    assert client.limit == 100
    with pytest.raises(ControlError, match="no event of the timeline is called 'timeline-1'"):
        emulator.timeline.remove(event.id)


def test_a_posted_event_counts_its_time_from_now(client: Client) -> None:
    client.emulator.clock.advance("1h")
    event = client.emulator.timeline.add(after="30s", set=MORE)
    assert event.due == client.emulator.clock.next
    client.emulator.clock.advance("30s")
    assert client.limit == 200


@pytest.mark.parametrize(
    ("event", "message"),
    [
        ({"after": "1s"}, "nothing happens: write 'set'"),
        (
            {"after": "1s", "set": {"serpwow": {"batches": [{"deleted": True}]}}},
            "/set/serpwow/batches/0: what is deleted is named",
        ),
        ({"after_cal": "serpwow", "set": MORE}, "did you mean 'after_call'?"),
    ],
)
def test_a_posted_event_that_means_nothing_is_refused(client: Client, event: dict[str, Any], message: str) -> None:
    with pytest.raises(ControlError, match=message.replace("[", r"\[").replace("?", r"\?")):
        client.emulator.timeline.add(**event)
    assert client.emulator.timeline.list() == []


def test_a_revoked_key_is_refused_in_its_own_world_and_nowhere_else(server: EmulatorServer) -> None:
    scenario = {**STORY, "timeline": [{"after": "10m", "revoke": {"serpwow": ["{serpwow.api_key}"]}}]}
    with Emulator(scenario, server=server) as emulator, Emulator(STORY, server=server) as other:
        client = Client(emulator)
        assert client.get("/account") == 200
        emulator.clock.advance("10m")
        assert (client.get("/account"), Client(other).get("/account")) == (401, 200)
        exchange = emulator.journal.exchanges()[-1]
        assert (exchange.status, exchange.answer) == (401, "bad_key")
        (hint,) = exchange.explain().told["would_work"]
        assert hint.startswith("the credential was revoked at ")
        assert hint.endswith("by timeline[0]")
        assert Client(emulator.fork()).get("/account") == 200  # whose own key is another one
        emulator.reset()
        assert client.get("/account") == 200


def test_no_key_that_is_revoked_can_be_read_anywhere(server: EmulatorServer) -> None:
    key = "a-key-that-nobody-reads"
    scenario = {"credentials": {"serpwow": [key]}, "timeline": [{"after": "1s", "revoke": {"serpwow": [key]}}]}
    with Emulator(scenario, server=server) as emulator:
        told = [str(emulator.ask("GET", "/timeline")), str(emulator.ask("POST", "/clock/advance", {"by": "1s"}))]
        assert Client(emulator).get("/account", key) == 401
        told += [str(emulator.ask("GET", path)) for path in ("/journal", "/journal/last/explain", "/state", "/timeline")]
        assert not any(key in text for text in told)
        assert "'from': 'accepted', 'to': 'revoked'" in told[1]


STOPS = "  - send: GET /live/batches/B1/stop?api_key={serpwow.api_key}"


@pytest.mark.parametrize(
    ("event", "differences"),
    [
        ("{after_call: serpwow.batches.stop, set: {serpwow: {account: {credits_limit: 1}}}}", []),
        (
            "{after_call: serpwow.batches.start, set: {serpwow: {account: {credits_limit: 1}}}}",
            ["this event never happened: no step calls what it follows"],
        ),
        (
            "{after_call: serpwow.batches.stop, after: 1, set: {serpwow: {account: {credits_limit: 1}}}}",
            ["this event never happened: 1 of the calls that it follows came"],
        ),
        (
            "{after_call: serpwow.batches.stop, set: {serpwow: {batches: [{id: B9, deleted: true}]}}}",
            ["this event was impossible: /serpwow/batches/0/id: no batch with the id 'B9' is there, to be deleted"],
        ),
    ],
)
def test_an_event_that_comes_to_nothing_is_a_difference(event: str, differences: list[str]) -> None:
    text = f"title: A\ngiven: {{serpwow: {{batches: [{{id: B1, status: queued}}]}}}}\ntimeline:\n  - {event}\nsteps:\n{STOPS}\n"
    found = [str(it) for it in play(load_text(text, VENDORS, "s", "s.yaml"), InProcessClient()).differences]
    assert [line.partition(";")[0] for line in found] == [f"s.yaml:4: {it}" for it in differences]


@pytest.mark.parametrize(
    ("expected", "differences"),
    [
        ("batches: [{id: B1, deleted: true}]", ["serpwow.batches still has 'B1'"]),
        ("batches: [{id: B8, deleted: true}, {id: B1, status: queued}]", []),
        ("batches: [{id: B8, deleted: true}, {id: B1, status: idle}]", ["serpwow.batches[B1].status is 'queued', not 'idle'"]),
    ],
)
def test_what_should_be_deleted_must_not_be_there(expected: str, differences: list[str]) -> None:
    text = f"title: A\ngiven: {{serpwow: {{batches: [{{id: B1, status: queued}}]}}}}\nsteps:\n  - see: {{serpwow: {{{expected}}}}}\n"
    found = [str(it) for it in play(load_text(text, VENDORS, "s", "s.yaml"), InProcessClient()).differences]
    assert [it.partition("in the state, ")[2] for it in found] == differences


def test_the_report_of_a_failure_names_what_never_happened(client: Client) -> None:
    for call in ("serpwow.batches.stop", "serpwow.batches.get"):
        client.emulator.timeline.add(after_call=call, set=MORE)
    client.get("/batches/B1")
    report = failure_report(client.emulator)
    assert "timeline-1 never happened: it follows serpwow.batches.stop" in report
    assert report.count("never happened") == 1


def test_a_world_whose_clock_runs_fast_while_it_is_made_begins_with_nothing_of_its_future(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    wall = count(0.0, 20.0)
    monkeypatch.setattr("emulator.scenario.scenario.Clock", partial(clock.Clock, wall=lambda: next(wall)))
    text = "title: Fast\nclock: {rate: 1}\ngiven: {serpwow: {batches: [{repeat: 20, status: queued, searches: 10}]}}"
    beginning = load_text(text, VENDORS, "fast", "fast.yaml").world(VENDORS, "fast").beginning
    assert beginning is not None
    latest = max(batch.since for batch in beginning.world.store.group("serpwow.batch"))
    assert latest <= beginning.at
