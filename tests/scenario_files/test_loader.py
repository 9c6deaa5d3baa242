"""A scenario with mistakes is refused: file, line, column and the nearest right word, all mistakes at once."""

from __future__ import annotations

from base64 import b64encode
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from emulator.control.clock import ADVANCE, CLOCK
from emulator.kernel.clock import Clock
from emulator.kernel.errors import BadInput
from emulator.kernel.limits import Limits
from emulator.scenario.checks.calls import fault_problems
from emulator.scenario.loader import load_file, load_text
from emulator.scenario.resources import count, lists_of
from emulator.scenario.scenario import Scenario
from emulator.scenario.validation import problems_in
from emulator.server.app import library
from emulator.vendors import VENDORS
from tests.support.loading import load_value

FAULT = "at: serpwow, where: before-auth"
OPERATIONS = sum(len(vendor.operations) for vendor in VENDORS.values())


def load(text: str) -> Scenario:
    return load_text(text, VENDORS, "a-story", "a-story.yaml")


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("titel: A", "a-story.yaml:1:8: unknown key 'titel'; did you mean 'title'?"),
        ("seed: 7", "a-story.yaml:1:1: 'title' is missing"),
        ("title: A\nseed: -1", "a-story.yaml:2:7: -1 is less than the minimum of 0"),
        (
            "title: A\nclock: {start: yesterday}",
            "a-story.yaml:2:16: 'yesterday' is not an instant such as 2026-03-09T20:55:31Z",
        ),
        ("title: A\nclock: {start: '1969-12-31T23:59:59Z'}", "'1969-12-31T23:59:59Z' lies before the beginning of time, 1970"),
        ("title: A\nclock: {start: '9000-01-01T00:00:01Z'}", "'9000-01-01T00:00:01Z' lies beyond the end of time, 9000"),
        ("title: A\nassume: {serpwow.unknown-bach: 404}", "'serpwow.unknown-bach'; did you mean 'serpwow.unknown-batch'?"),
        ("title: A\nassume: {serpwow.unknown-batch: 403}", "a-story.yaml:2:33: 403 is not one of 400, 404"),
        (
            "title: A\ntiming: {serpwow.queue: 5 minutes}",
            "'5 minutes' is not a duration such as 500ms, 1.5s, 1m30s, 60d or PT90S, or a number of seconds; what has no end is written 'never'",
        ),
        (
            "title: A\ntiming: {serpwow.queue: forever}",
            "a-story.yaml:2:25: 'forever' is not a duration: what has no end is written 'never'",
        ),
        ("title: A\ntiming: {serpwow.queue: null}", "nothing is not a duration: what has no end is written 'never'"),
        (
            "title: A\ntiming: {serpwow.queue: -1}",
            "-1 is negative, and time never goes back; what has no end is written 'never'",
        ),
        ("title: A\ntiming: {serpwow.queue: true}", "true is not a duration"),
        ("title: A\nsteps: [{advance: Infinity}]", "only a timer in 'timing' can be 'never'; {until: idle} lets time pass"),
        (
            "title: A\nsteps: [{advance: null}]",
            "a-story.yaml:2:19: nothing is not a duration here: only a timer in 'timing' can be 'never'",
        ),
        ("title: A\nsteps: [{advance: {by: never}}]", "only a timer in 'timing' can be 'never'; until: idle lets time pass"),
        (
            "title: A\ntimeline: [{after: none, set: {}}]",
            "only a timer in 'timing' can be 'never'; leave out what never happens",
        ),
        ("title: A\nclock: {start: 2026-03-09T20:55:31.5}", "has no zone: add Z for UTC, or an offset such as +02:00"),
        ("title: A\ntiming: {serpwow.queue: 99999999d}", "a-story.yaml:2:25: '99999999d' is longer than 36525d"),
        ("title: A\ntiming: {serpwow.place: 5s}", "unknown key 'serpwow.place'"),
        ("title: A\ntiming: {serpwow.schedule: 1h}", "unknown key 'serpwow.schedule'"),
        ("title: A\ntiming: {serpwow.que: 5s}", "unknown key 'serpwow.que'; did you mean 'serpwow.queue'?"),
        ("title: A\ngiven: {serpow: {}}", "unknown key 'serpow'; did you mean 'serpwow'?"),
        (
            "title: A\ngiven:\n  serpwow:\n    batches:\n      - {status: queud}",
            "'queud' is not one of idle, queued, running; did you",
        ),
        ("title: A\ngiven:\n  serpwow:\n    batches:\n      - {statsu: idle}", "unknown key 'statsu'; did you mean 'status'?"),
        ("title: A\ngiven: {serpwow: {batches: [{searches: -1}]}}", "-1 is less than the minimum of 0"),
        ("title: A\ngiven: {serpwow: {batches: [{id: 123456}]}}", "expected text, not 123456: put it in quotes"),
        ("title: A\ngiven: {6dot50: {members: [27821231234]}}", "2:28: expected text, not 27821231234: put it in quotes"),
        ("title: A\ngiven: {6dot50: {members: [5]}}", "5 is not of the form 27821231234, international and without +"),
        ("title: A\ntiming: [a]", "a-story.yaml:2:9: expected an object, not a list"),
        ("title: A\ngiven: {serpwow: {batches: [{id: a}, {id: a}]}}", "the id 'a' is given twice"),
        ("title: A\ngiven: {serpwow: {batches: [{id: a, repeat: 2}]}}", "an id names one resource: leave out"),
        ("title: A\ngiven: {serpwow: {account: {overage_enabled: true}}}", "cannot be enabled: set overage_allowed, too"),
        ('title: A\ncredentials: {6dot50: [""]}', "text is empty, and cannot be"),
        ("title: A\ngiven: {serpwow: {account: {credits_used: 16000}}}", "credits_limit is 15000, but 16000 credits are used"),
        ("title: A\nreplies: [{at: serpwow.batches.stoppall, status: 503}]", "did you mean 'serpwow.batches.stopall'?"),
        (
            "title: A\nreplies: [{at: serpwow.account.get, status: 101}]",
            "a-story.yaml:2:45: 101 is less than the minimum of 200",
        ),
        *[
            (
                f"title: A\nreplies: [{{at: serpwow.account.get, status: {status}, body: {{}}}}]",
                f"a-story.yaml:2:56: by HTTP, a reply with status {status} has no body",
            )
            for status in (204, 205, 304)
        ],
        (
            "title: A\nreplies: [{at: serpwow.account.get, status: 200, headers: {Content-Length: '5'}}]",
            "a-story.yaml:2:76: Content-Length follows from the body",
        ),
        (
            "title: A\nreplies: [{at: serpwow.account.get, status: 200, headers: {transfer-encoding: chunked}}]",
            "a-story.yaml:2:79: transfer-encoding follows from the body",
        ),
        ("title: A\nsteps: [{send: stop it}]", "'stop it' is not of the form METHOD /path?query"),
        (
            "title: A\nsteps: [{advance: 3s, see: {}}]",
            "a step has exactly one of send, advance, set, revoke, fault, reply, see, expect_delivery, steps, together (or expect_state)",
        ),
        ("title: A\nsteps: [{advance: 3s, json: {}}]", "this needs 'send' in the same step"),
        ("title: A\nsteps: [{advance: {by: 3s, until: idle}}]", "an advance has exactly one of by, to, until"),
        (
            "title: A\ntimeline: [{after: 5s, set: {serpwow: {account: {credits_used: 20000}}}}]",
            "a-story.yaml:2:29: impossible: /serpwow/account/credits_limit: credits_limit is 15000",
        ),
        ("title: A\nclock: {rate: slow}", "a-story.yaml:2:15: 'slow' is not a number, or frozen or real"),
        ("title: A\nseed: true", "expected a whole number, not true"),
        ("title: A\nsteps: [{send: GETT /live/account}]", "'GETT' is not a method of HTTP; did you mean 'GET'?"),
        (
            "title: A\nsteps: [{send: 'GET /live/account?api_key={serpwow.api_kay}'}]",
            "no step before this one keeps 'serpwow.api_kay'; did you mean 'serpwow.api_key'?",
        ),
        (
            "title: A\nsteps: [{send: GET /live/account, keep: {id: a, stripe.api_key: b}}]",
            "a-story.yaml:2:65: 'stripe.api_key' is what the world itself has under this name: keep the value under another",
        ),
        (
            "title: A\nsteps: [{send: GET /live/account, headers: {x: '{password: S3cretValue}'}}]",
            "no step before this one keeps 'password: S3cr…'",
        ),
        (
            "title: A\nsteps: [{send: 'GET {link}'}, {send: GET /live/account, keep: {link: a}}]",
            ":2:16: no step before this one keeps 'link'; known: 6dot50.key, 6dot50.secret,",
        ),
        (
            f"title: A\nfaults: [{{{FAULT}, do: delay, delay: nxt}}]",
            "a number of seconds; 'next' is until the next thing happens by itself",
        ),
        (f"title: A\nfaults: [{{{FAULT}, do: delay, delay: forever}}]", "an answer that never comes is do: hang"),
        (
            f"title: A\nfaults: [{{{FAULT}, do: drop, for: inf}}]",
            "'inf' is not a duration here: only a timer in 'timing' can be 'never'; without 'for' a fault has no end",
        ),
        (
            "title: A\nfaults: [{at: serpwow.batches.stp, where: mid-body, do: reset}]",
            f"'serpwow.batches.stp' is none of the {OPERATIONS + 6} that there are; did you mean 'serpwow.batches.stop'?",
        ),
        (
            "title: A\nfaults: [{at: xyz, where: mid-body, do: reset}]",
            "'xyz' is none of the 65 that there are",
        ),
        (
            "title: A\nfaults: [{at: serpwow.account.get, id: B1, where: mid-body, do: reset}]",
            "a-story.yaml:2:40: the path of serpwow.account.get names no resource, so nothing with an 'id'",
        ),
        (
            "title: A\nfaults: [{at: serpwow.batches.stopall, id: B1, where: mid-body, do: reset}]",
            "so nothing with an 'id' is ever for it",
        ),
        (f"title: A\nfaults: [{{{FAULT}, do: drop, for: 0s}}]", "what lasts no time never strikes"),
        (f"title: A\nfaults: [{{{FAULT}, do: delay, delay: 0s}}]", "a delay of no time delays nothing"),
        (
            f"title: A\nfaults: [{{{FAULT}, do: drop, between: ['2027-01-01T00:00:00Z', '2027-01-01T00:00:00Z']}}]",
            "it ends before it begins",
        ),
        (
            f"title: A\nfaults: [{{{FAULT}, do: drop, between: ['2025-01-01T00:00:00Z', '2025-12-31T00:00:00Z']}}]",
            "a-story.yaml:2:63: it has ended before it is added, at 2026-01-01T00:00:00Z",
        ),
        (
            "title: A\nclock: {start: '2027-01-01T00:00:00Z'}\n"
            f"faults: [{{{FAULT}, do: drop, between: ['2026-01-01T00:00:00Z', '2027-01-01T00:00:00Z']}}]",
            "it has ended before it is added, at 2027-01-01T00:00:00Z",
        ),
        ("- a list", "expected an object, not a list"),
        ("", "a-story.yaml:1:1: the file is empty"),
        ("title:", "expected text, not null"),
        ("title: A\ntitle: B", "a-story.yaml:2:1: the key 'title' is given twice"),
    ],
)
def test_a_mistake_is_told_with_its_place_and_the_nearest_right_word(text: str, line: str) -> None:
    with pytest.raises(BadInput) as excinfo:
        load(text)
    assert any(line in expected for expected in excinfo.value.lines()), excinfo.value.lines()


@pytest.mark.parametrize(
    ("timing", "place"),
    [
        ("timing: [a]", "2:9"),
        ("timing: {serpwow.queue: [a]}", "2:25"),
        ("timing: soon", "2:9"),
        ("timing:\n  - a", "2:1"),
        ("timing:\n  serpwow.queue:\n    - a", "3:3"),
        ("timing:\n  serpwow.queue:\n    soon", "4:5"),
    ],
)
def test_a_value_is_told_where_it_begins_and_a_block_where_its_key_is(timing: str, place: str) -> None:
    with pytest.raises(BadInput) as excinfo:
        load(f"title: A\n{timing}")
    assert [line.split(": ")[0] for line in excinfo.value.lines()] == [f"a-story.yaml:{place}"]


def test_a_mistake_in_what_an_alias_stands_for_is_told_where_the_alias_is() -> None:
    text = "title: A\ngiven:\n  serpwow:\n    batches:\n    - &b {searches: x}\n    - *b\nseed: &s x\nclock: {rate: *s}\n"
    with pytest.raises(BadInput) as excinfo:
        load(text)
    assert [(problem.line, problem.column) for problem in excinfo.value.problems] == [(5, 21), (6, 7), (7, 7), (8, 15)]


def test_all_mistakes_are_told_at_once_in_the_order_of_the_file() -> None:
    with pytest.raises(BadInput) as excinfo:
        load(
            "title: A\nsede: 1\ntiming: {serpwow.queue: soon}\ngiven:\n  serpwow:\n    batchs: []\n"
            "faults:\n  - {at: stripe, where: mid-body, do: drop}\n  - {at: strip, where: mid-body, do: drop}\n"
            "steps:\n  - {advance: 1s, set: {serpwow: {account: {credits_limit: 1}}}}\n  - {advence: 1s}\n"
        )
    assert [problem.line for problem in excinfo.value.problems] == [2, 3, 6, 8, 9, 11, 12]


SAME_ID = "serpwow: {batches: [{id: A}, {id: A}]}"
TOO_DEAR = "serpwow: {account: {credits_used: 16000}}"
NAMELESS = "stripe: {batch_jobs: [{statsu: complete}]}"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("given:\n  {6dot50: {batches: [{payments: [{amount: 5}]}]},\n  serpwow: {batches: [{id: A}, {id: A}]}}", [3, 4]),
        (f"given:\n  {{{TOO_DEAR},\n  {NAMELESS}}}", [3, 4]),
        (f"given: {{{TOO_DEAR}}}\nfaults:\n  - {{at: strip, where: mid-body, do: drop}}", [2, 4]),
        (f"given: {{{TOO_DEAR}}}\nsteps:\n  - {{sned: GET /}}\nseed: x", [2, 4, 5]),
        (f"given: {{{TOO_DEAR}}}\ntiming: {{stripe.drian: 5s}}\nassume: {{6dot50.id-malformed: 404}}", [3, 4]),
        (f"given: {{{TOO_DEAR}}}\ntimeline:\n  - {{after: 5s, set: {{stripe: {{events: [{{type: x}}]}}}}}}", [2, 4, 4]),
        ("given:\n  serpwow:\n    batches:\n    - {id: A, statsu: idle}\n    - {id: A}", [5, 6]),
        ("steps:\n  - {send: FETCH /x,\n    get: {status: 9}}\n  - {send: FETCH /x}\n  - {send: 'GET {x}'}", [3, 4, 5, 6]),
        ("steps:\n  - {send: GET /x, advance: 99999999d,\n    get: {status: 9}}", [3, 3, 4]),
        ("steps:\n  - 7\n  - {json: {},\n    headers: {a: {}}}", [3, 4, 4, 5, 5]),
        ("faults:\n  - {at: stripe.events.list, id: a,\n    where: there, do: drop}", [3, 4]),
        ("replies:\n  - {at: serpwow.batches.stop, headers: {'': x},\n    status: 9}", [3, 4]),
        ("timeline:\n  - {after: 99999999d,\n    set: {serpow: {}}}", [3, 4]),
    ],
)
def test_a_mistake_hides_none_of_those_beside_it(text: str, expected: list[int]) -> None:
    with pytest.raises(BadInput) as excinfo:
        load(f"title: A\n{text}")
    assert [problem.line for problem in excinfo.value.problems] == expected, excinfo.value.lines()


def test_every_batch_with_impossible_results_is_told_in_its_line_after_repeats_too() -> None:
    result = "started_at: '2025-12-31T00:00:00Z', ended_at: '2026-01-0{}T00:00:00Z'"
    first, late, failing = (
        "{id: 1, " + result.format(day) + more + "}" for day, more in [(1, ""), (2, ""), (1, ", searches_failed: 9")]
    )
    batches = f"  - {{repeat: 20}}\n  - {{result_sets: [{first}]}}\n  - {{result_sets: [{late}]}}\n  - {{result_sets:\n    [{failing}]}}\n"
    with pytest.raises(BadInput) as excinfo:
        load(f"title: A\ngiven:\n serpwow:\n  batches:\n{batches}")
    assert [(problem.line, problem.pointer) for problem in excinfo.value.problems] == [
        (7, "/given/serpwow/batches/2/result_sets"),
        (9, "/given/serpwow/batches/3/result_sets/0/searches_failed"),
    ]


@pytest.mark.parametrize(
    "text",
    [
        "steps:\n  - {sned: GET /, json: {}}",
        "steps:\n  - {send: GET /a b, json: {}, keep: {x: y}}\n  - {send: 'GET {x}'}",
        "steps:\n  - {send: GET /, kepe: {x: y}}\n  - {send: 'GET {x}'}",
        "steps:\n  - GET /\n  - {send: 'GET {x}'}",
        "clock: {start: 2026-03-09}\nfaults:\n"
        "  - {at: serpwow, where: mid-body, do: reset, between: ['2025-01-01T00:00:00Z', '2025-01-02T00:00:00Z']}",
        "clock: {start: 2026-03-09}\ngiven: {stripe: {events: [{type: v2.core.batch_job.created, object_id: x, "
        "since: '2027-01-01T00:00:00Z'}]}}",
        "given: {6dto50: {accounts: [{balance: 5}]}}\ntimeline: [{after: 1s, set: {6dot50: {accounts: [{id: "
        "7c2c1a0a-f462-42c3-b13c-30da2e4ad216, deposit: 5}]}}}]",
        "given: {serpwow: {account: {credits_limit: x}, batches: [{status: queued, searches: 15000}, {status: queued, "
        "searches: 15000}]}}",
        "timing: {serpwow.queue: soon}\ngiven: {serpwow: {account: {credits_used: 16000}}}",
        "clokc: {start: '2027-01-01T00:00:00Z'}\ngiven: {serpwow: {account: {credits_used: 16000}}}",
    ],
)
def test_a_mistake_brings_about_no_others(text: str) -> None:
    with pytest.raises(BadInput) as excinfo:
        load(f"title: A\n{text}")
    assert len(excinfo.value.problems) == 1, excinfo.value.lines()


@pytest.mark.parametrize(
    ("schema", "value", "expected"),
    [
        (ADVANCE, {}, "needs one of by, to, until"),
        (ADVANCE, {"by": "1s", "until": "idle"}, "has more than 1 of by, to, until"),
        (CLOCK, {}, "needs at least one of now, rate"),
        ({"minProperties": 1}, {}, "{} is empty, and cannot be"),
    ],
)
def test_of_keys_that_exclude_or_need_each_other_all_are_named(schema: Any, value: Any, expected: str) -> None:
    assert [problem.message for problem in problems_in(value, schema)] == [expected]


@pytest.mark.parametrize(
    ("fault_item", "pointer"),
    [
        ({"at": "serpwow.batches.stopall", "id": "B1"}, "/id"),
        ({"at": "stripe.files.upload", "id": "batchv2_1"}, "/id"),
        ({"at": "stripe.files.download", "id": "batchv2_1"}, "/id"),
        ({"at": "serpwow.files.results", "id": "B1"}, "/id"),
        ({"for": "0s"}, "/for"),
        ({"do": "delay", "delay": "0s"}, "/delay"),
        ({"between": ["2026-01-01T00:00:00Z", "2026-01-01T00:00:00Z"]}, "/between"),
        ({"between": ["2025-01-01T00:00:00Z", "2026-01-01T00:00:00Z"]}, "/between"),
    ],
)
def test_a_fault_that_can_never_strike_is_not_laid(fault_item: dict[str, Any], pointer: str) -> None:
    fault = {"at": "serpwow", "where": "before-auth", "do": "drop", **fault_item}
    assert [problem.pointer for problem in fault_problems(fault, VENDORS, Clock())] == [pointer]


@pytest.mark.parametrize(
    "between", [("2025-01-01T00:00:00Z", "2026-01-01T00:00:01Z"), ("2027-01-01T00:00:00Z", "2028-01-01T00:00:00Z")]
)
def test_a_fault_that_is_over_only_later_may_be_laid(between: tuple[str, str]) -> None:
    fault = {"at": "serpwow.batches.stop", "id": "B1", "where": "mid-body", "do": "reset", "between": [*between]}
    assert not list(fault_problems(fault, VENDORS, Clock()))


def test_a_mistake_in_a_value_is_told_with_its_path() -> None:
    with pytest.raises(BadInput) as excinfo:
        load_value({"title": "A", "given": {"serpwow": {"batches": [{"status": "stopped"}]}}}, VENDORS)
    assert excinfo.value.problems[0].pointer == "/given/serpwow/batches/0/status"


def test_a_repeat_stands_for_as_many_resources() -> None:
    world = load("title: A\ngiven: {serpwow: {batches: [{repeat: 3, status: queued, searches: 2}]}}").world(VENDORS, "w")
    assert world.store.size("serpwow.batch", "owner", "self", "queued") == 3


def test_more_resources_than_a_world_can_hold_are_refused() -> None:
    with pytest.raises(BadInput, match="more than 200000 resources"):
        load("title: A\ngiven: {serpwow: {batches: [{repeat: 120000}, {repeat: 120000}]}}")


@pytest.mark.parametrize(
    "text",
    [
        "stripe: {batch_jobs: [{metadata: {repeat: weekly}}]}",
        'stripe: {batch_jobs: [{metadata: {id: "5", repeat: "1"}}, {metadata: {id: "5"}}]}',
        "serpwow: {batches: [{id: B, searches: [{q: pizza, repeat: 3}, {q: pasta, num: [{id: 1}, {id: 1}]}]}]}",
        "serpwow: {destinations: [{id: D, settings: {repeat: '2', id: x}}]}",
    ],
)
def test_what_the_clients_own_maps_call_repeat_or_id_is_the_clients(text: str) -> None:
    assert load(f"title: A\ngiven: {{{text}}}")


def test_a_search_keeps_the_parameter_that_it_calls_repeat() -> None:
    world: Any = load("title: A\ngiven: {serpwow: {batches: [{id: B, searches: [{q: pizza, repeat: 3}]}]}}").world(VENDORS, "w")
    assert [search.parameters for search in world.store.find("serpwow.batch", "B").searches] == [{"q": "pizza", "repeat": 3}]


@pytest.mark.parametrize(
    ("state", "resources"),
    [
        ({"stripe": {"batch_jobs": [{"repeat": 600_000, "endpoint": {"path": "/a"}, "metadata": {"a": "b"}}]}}, 600_000),
        ({"6dot50": {"batches": [{"repeat": 500_000, "payments": [{}, {}]}]}}, 1_500_000),
        ({"6dot50": {"batches": [{"repeat": 2, "payments": [{"repeat": 3}]}]}}, 8),
        ({"serpwow": {"batches": [{"repeat": 100, "searches": [{"q": "pizza"}] * 11_000}]}}, 100),
        ({"serpwow": {"batches": [{"result_sets": [{"id": 1}, {"id": 2}]}], "destinations": [{}], "error_logs": [{}]}}, 3),
        ({"stripe": {"batch_jobs": "none", "event_destinations": [None, {"repeat": "many"}]}}, 2),
    ],
)
def test_each_resource_is_counted_once_with_all_that_it_holds(state: Any, resources: int) -> None:
    assert sum(count(part, lists_of(VENDORS[name])) for name, part in state.items()) == resources


def test_more_than_a_world_holds_is_told_with_its_place(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("emulator.scenario.scenario.Limits", partial(Limits, resources=20))
    batches = "{serpwow: {batches: [{repeat: 12}]}}"
    with pytest.raises(BadInput, match=r"a-story.yaml:2:\d+: this world holds 20 resources"):
        load("title: A\ngiven: {serpwow: {batches: [{repeat: 30}]}}")
    with pytest.raises(BadInput, match=r"a-story.yaml:3:\d+: impossible: this world holds 20 resources"):
        load(f"title: A\ngiven: {batches}\ntimeline: [{{after: 1s, set: {batches}}}]")


def test_the_same_scenario_and_seed_make_the_same_world() -> None:
    text = "title: A\nseed: 5\ngiven: {serpwow: {batches: [{repeat: 3}]}}"
    one, two, other = load(text).world(VENDORS, "w"), load(text).world(VENDORS, "w"), load(text).world(VENDORS, "w", seed=6)
    ids = [[batch.id for batch in world.store.group("serpwow.batch")] for world in (one, two, other)]
    assert ids[0] == ids[1] != ids[2]


CHANGE = "{serpwow: {account: {credits_limit: 9}}}"


def test_a_timeline_that_would_go_through_too_much_is_refused_with_its_place(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("emulator.kernel.advance.JUMP_LIMIT", 100)
    batch = "{id: B, schedule_type: minutes, schedule_minutes: every_minute, searches: 1}"
    text = f"title: A\ngiven: {{serpwow: {{batches: [{batch}]}}}}\ntimeline:\n"
    with pytest.raises(BadInput) as excinfo:
        load(f"{text}  - {{after: 1s, set: {CHANGE}}}\n  - {{after: 30d, set: {CHANGE}}}\n")
    (problem,) = excinfo.value.problems
    assert (problem.line, problem.message.endswith("jump less far at once")) == (5, True)


@pytest.mark.parametrize(
    "state_text",
    [
        "serpwow: {batches: [{since: SOON}]}",
        "serpwow: {batches: [{id: A}, {created_at: SOON}]}",
        "serpwow: {error_logs: [{date: SOON}]}",
        "stripe: {batch_jobs: [{created: SOON}]}",
        "stripe: {batch_jobs: [{status: in_progress, since: SOON}]}",
        "stripe: {event_destinations: [{created: SOON}]}",
        "6dot50: {accounts: [{createdAt: SOON}]}",
        "6dot50: {batches: [{createdAt: SOON}]}",
        "6dot50: {batches: [{payments: [{msisdn: '27821231234', amount: 1, settledAt: SOON}]}]}",
    ],
)
def test_what_has_happened_has_not_happened_in_the_future(state_text: str) -> None:
    text = f"title: A\ngiven: {{{state_text}}}".replace("SOON", "'2026-01-01T00:00:01Z'")
    with pytest.raises(BadInput, match="'2026-01-01T00:00:01Z' has not come yet: it is 2026-01-01T00:00:00Z"):
        load(text)


LIVE = "sk_live_" + "51H8abcdEFGH"


@pytest.mark.parametrize(
    ("text", "place"),
    [
        (f"credentials:\n  stripe: [a-key, {LIVE}]", "3:19"),
        (f"credentials:\n  serpwow: [{LIVE.replace('sk', 'rk')}]", "3:13"),
        (f"credentials:\n  stripe: [{LIVE.replace('sk', 'sk_org')}]", "3:12"),
        (f"given:\n  stripe: {{batch_jobs: [{{metadata: {{key: {LIVE}}}}}]}}", "3:42"),
        (f"steps:\n  - send: GET /live/account?api_key={LIVE}", "3:11"),
        (f"steps:\n  - send: GET /live/account?api_key={LIVE.replace('_', '%5F')}", "3:11"),
        (f"steps:\n  - {{send: GET /, headers: {{Authorization: Bearer {LIVE}}}}}", "3:44"),
        (f"steps:\n  - {{send: GET /, headers: {{Authorization: Basic {b64encode(LIVE.encode()).decode()}}}}}", "3:44"),
        (f"steps:\n  - {{send: POST /, json: {{key: {LIVE}}}}}", "3:32"),
        (f"steps:\n  - {{send: POST /, body: 'key={LIVE}'}}", "3:26"),
        (f"replies:\n  - {{at: stripe, status: 503, match: {{headers: {{Authorization: Bearer {LIVE}}}}}}}", "3:64"),
        (f"timeline:\n  - {{after: 1s, set: {{stripe: {{batch_jobs: [{{metadata: {{key: {LIVE}}}}}]}}}}}}", "3:62"),
    ],
)
def test_a_live_key_is_told_with_its_place_and_not_repeated(text: str, place: str) -> None:
    with pytest.raises(BadInput) as excinfo:
        load(f"title: A\n{text}")
    (line,) = excinfo.value.lines()
    assert line.startswith(f"a-story.yaml:{place}: this looks like a live key")
    assert "51H8" not in line


def test_no_other_message_repeats_a_live_key() -> None:
    with pytest.raises(BadInput) as excinfo:
        load(f"title: A\nseed: {LIVE}\ncredentials: {{stripe: {LIVE}, {LIVE}: []}}\n")
    assert len(excinfo.value.problems) > 3
    assert "51H8" not in str(excinfo.value)
    assert not [problem for problem in excinfo.value.problems if "51H8" in problem.pointer]


@pytest.mark.parametrize("text", [f"title: What is said of {LIVE}", "title: A\ncredentials: {stripe: [sk_test_1, pk_live_1]}"])
def test_what_is_no_live_key_that_is_sent_is_let_pass(text: str) -> None:
    assert load(text).title


def test_a_file_of_the_name_of_a_checked_scenario_is_read_and_checked_itself(tmp_path: Path) -> None:
    own = tmp_path / "first-run.yaml"
    own.write_text(library().path("first-run").read_text("utf-8").replace("credits_limit: 15000", "credits_limit: 15001"))
    assert load_file(own, VENDORS).content["given"]["serpwow"]["account"] == {"credits_limit": 15001}
    own.write_text(own.read_text("utf-8").replace("title", "titel"))
    with pytest.raises(BadInput, match="titel"):
        load_file(own, VENDORS)
