"""A hint names a word only where that has to do with what was written; elsewhere the words there are, or what to write."""

from __future__ import annotations

import string
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from emulator.control.worlds import NEW_WORLD
from emulator.kernel.errors import BadInput
from emulator.scenario.checks.steps import STEP_KEYS
from emulator.scenario.document import Document
from emulator.scenario.loader import load_document
from emulator.scenario.schema import scenario_schema
from emulator.scenario.unknown_keys import foreign_words
from emulator.scenario.validation import problems_in
from emulator.text.nearest import FEW, hint, near, rank_of
from emulator.vendors import VENDORS

SCHEMA = scenario_schema(VENDORS)
TOP = [name for name in SCHEMA["properties"] if name != "$schema"]  # that begins with its second letter
FAULT = list(SCHEMA["properties"]["faults"]["items"]["properties"])
REPLY = list(SCHEMA["properties"]["replies"]["items"]["properties"])
JOB = ["ready_for_upload", "in_progress", "cancelling", "canceled", "complete", "validation_failed", "batch_failed"]
OPERATIONS = [operation.name for vendor in VENDORS.values() for operation in vendor.operations]
PATHS = ["/live/batches", "/live/batches/stopall", "/live/batches/{id}", "/live/batches/{id}/stop"]


@pytest.mark.parametrize(
    ("word", "words", "nearest"),
    [
        ("titel", TOP, ["title"]),
        ("Title", TOP, ["title"]),
        ("step", TOP, ["steps"]),
        ("reply", TOP, ["replies"]),
        ("retryAfter", FAULT, ["retry_after"]),
        ("retry-after", FAULT, ["retry_after"]),
        ("status_code", FAULT, ["status"]),
        ("tmes", FAULT, ["times"]),
        ("cancelled", JOB, ["canceled"]),
        ("canceling", JOB, ["cancelling"]),
        ("cancel", JOB, ["cancelling", "canceled"]),
        ("failed", JOB, ["validation_failed", "batch_failed"]),
        ("In Progress", JOB, ["in_progress"]),
        ("draft", ["DRAFT", "OPEN"], ["DRAFT"]),
        ("que", ["queue", "run"], ["queue"]),
        ("sixdot50", list(VENDORS), ["6dot50"]),
        ("stopall", OPERATIONS, ["serpwow.batches.stopall"]),
        ("serpwow.stop", OPERATIONS, ["serpwow.batches.stop"]),
        ("stripe.batchJob.cancel", OPERATIONS, ["stripe.batch_jobs.cancel"]),
        ("cancel", OPERATIONS, ["stripe.batch_jobs.cancel", "6dot50.batches.cancel"]),
        ("/live/batch/B1/stop", PATHS, ["/live/batches/{id}/stop"]),
        ("/live/batches/stopal", PATHS, ["/live/batches/stopall"]),
    ],
)
def test_a_word_that_is_spelt_otherwise_is_known_again(word: str, words: list[str], nearest: list[str]) -> None:
    assert near(word, words) == nearest


@pytest.mark.parametrize(
    ("word", "words"),
    [
        *[(word, TOP) for word in ("extends", "limits", "version", "state", "send", "foo", "tags")],
        *[(word, FAULT) for word in ("form", "when", "type", "code", "count", "duration", "on", "to")],
        *[(word, REPLY) for word in ("delay", "where", "timestamp", "statement")],
        *[(word, JOB) for word in ("processing", "pending", "expired", "done", "open")],
        *[(word, [*STEP_KEYS]) for word in ("wait", "sleep", "patch", "set_up", "let", "seem")],
        ("forever", ["frozen", "real"]),
        ("stripe.cancel", ["stripe.fault", "stripe.drain"]),
        ("serpwow", OPERATIONS),
        ("serpwow.batches", OPERATIONS),
        ("serpwow.batches.pause", OPERATIONS),
        ("/nothing/like/this", PATHS),
        ("pending", ["sending"]),
        ("extended", ["expanded"]),
        ("", TOP),
        ("_", ["-", "title"]),
        ("x" * 1000, ["x" * 1001]),
    ],
)
def test_no_word_is_named_that_has_nothing_to_do_with_what_was_written(word: str, words: list[str]) -> None:
    assert near(word, words) == []


LONG_ENOUGH = sorted({word for word in (*TOP, *FAULT, *REPLY, *JOB) if len(word) > 4})


@given(st.sampled_from(LONG_ENOUGH), st.data())
def test_one_slip_of_the_finger_never_hides_a_word(word: str, data: st.DataObject) -> None:
    at = data.draw(st.integers(1, len(word) - 2))
    letter = data.draw(st.sampled_from(string.ascii_lowercase))
    slips = [
        word[:at] + word[at + 1 :],
        word[:at] + letter + word[at:],
        word[:at] + letter + word[at + 1 :],
        word[:at] + word[at + 1] + word[at] + word[at + 2 :],
    ]
    assert near(data.draw(st.sampled_from(slips)), [word]) == [word]


@given(
    st.text(string.ascii_letters + "_-. ", max_size=12), st.lists(st.text(string.ascii_letters + "_-.", min_size=1), max_size=9)
)
def test_a_hint_comes_from_the_words_there_are_and_is_the_same_each_time(name: str, words: list[str]) -> None:
    hints = near(name, words)
    assert hints == near(name, words)
    assert {*hints} <= {*words}
    assert len(hints) <= 3


@given(st.text(string.ascii_lowercase, min_size=2, max_size=12), st.text(string.ascii_lowercase, min_size=2, max_size=12))
def test_words_without_half_their_letters_in_common_are_never_near(one: str, other: str) -> None:
    assume(len({*one} & {*other}) * 2 < max(len({*one}), len({*other})))
    assert rank_of(one, other) is None


@given(st.sampled_from([*TOP, *FAULT, *JOB]))
def test_case_and_separators_do_not_matter(word: str) -> None:
    for spelling in (word.upper(), word.replace("_", "-"), word.title().replace("_", ""), f" {word} "):
        assert near(spelling, [*TOP, *FAULT, *REPLY, *JOB]) == [word]


def test_where_no_word_is_near_the_words_are_listed_if_they_are_few() -> None:
    assert hint("zzz", ["a", "b"]) == "; known: a, b"
    assert hint("zzz", [f"w{n}" for n in range(FEW + 1)]) == ""
    assert hint("stripe.zzz", ["stripe.drain", "stripe.fault", "serpwow.queue"]) == "; known: stripe.drain, stripe.fault"
    own, others = ["acme.queue", "acme.run"], ["stripe.webhook", "serpwow.webhook"]
    assert hint("acme.webhook", own + others) == "; known: acme.queue, acme.run; acme has no webhook, stripe and serpwow have"
    assert (
        hint("acme.webhook", own + others[:1], few=0)
        == "; those like it: acme.queue, acme.run; acme has no webhook, stripe has"
    )
    assert hint("zzz", []) == ""


STRIKES = {"at": "serpwow.batches.stop", "where": "before-commit", "do": "status", "status": 502}


@pytest.mark.parametrize(
    ("item", "message"),
    [
        ({"batches": []}, "it belongs below 'given': given.serpwow.batches or given.6dot50.batches"),
        ({"batch_jobs": []}, "it belongs below 'given': given.stripe.batch_jobs"),
        ({"batchs": []}, "it belongs below 'given': given.serpwow.batches or given.6dot50.batches"),
        ({"account": {}}, "it belongs below 'given': given.serpwow.account or given.stripe.account"),
        ({"serpwow": {"batches": []}}, "it belongs below 'given': given.serpwow"),
        ({"serpwow": ["a-key"]}, "it belongs below 'credentials': credentials.serpwow"),
        ({"send": "GET /"}, "it belongs below 'steps': steps[].send"),
        ({"start": "2026-01-01T00:00:00Z"}, "it belongs below 'clock': clock.start"),
        ({"stripe.drain": "3s"}, "it belongs below 'timing': timing.stripe.drain"),
        ({"given": {"timing": {}}}, "it belongs at the top"),
        ({"times": 1}, "'times', in an item of 'faults' or 'replies'"),
        ({"webhooks": []}, "'given.stripe.event_destinations'"),
        ({"given": {"batch_jobs": []}}, "it belongs below 'stripe': given.stripe.batch_jobs"),
        ({"given": {"serpwow": {"batch_jobs": []}}}, "it belongs below 'stripe': given.stripe.batch_jobs"),
        ({"given": {"6dot50": {"payments": []}}}, "it belongs below 'batches': given.6dot50.batches[].payments"),
        ({"given": {"stripe": {"batches": []}}}, "did you mean 'batch_jobs'?"),
        ({"steps": [{"send": "GET /", "exactly": True}]}, "it belongs below 'expect' or 'get': steps.expect.exactly or"),
        ({"include": ["base.yaml"]}, "only a file includes others, and a scenario that is sent is none"),
        ({"include": "base.yaml"}, "expected a list, not 'base.yaml'"),
        ({"x-base": {"id": "A"}}, "no key holds parts or remarks alone: an anchor"),
        ({".base": {"id": "A"}}, "no key holds parts or remarks alone: an anchor"),
        ({"_comment": "a remark"}, "no key holds parts or remarks alone: an anchor"),
        ({"schema": "scenario.json"}, "yaml-language-server"),
        ({"time": "2026-01-01T00:00:00Z"}, "the time is 'clock'"),
        ({"assumptions": {}}, "are 'assume'"),
        ({"steps": [{"GET": "/live/account"}]}, "the request is 'send: METHOD /path?query'"),
        ({"timeline": [{"in": "30s", "set": {}}]}, "'after' says"),
        ({"timeline": [{"after": "30s", "delete": {}}]}, "beside its id: 'deleted: true'"),
        ({"given": {"6dot50": {"accounts": [{"name": "A", "deleted": True}]}}}, "with 'active: false' it pays nothing"),
        ({"given": {"serpwow": {"batches": [{"id": "B", "removed": True}]}}}, "in a change is 'deleted: true'"),
        ({"given": {"serpwow": {"error_logs": [{"id": "B", "gone": True}]}}}, "in a change is 'deleted: true'"),
        ({"given": {"serpwow": {"batches": [{"state": "running"}]}}}, "the state of a resource is 'status'"),
        ({"given": {"6dot50": {"batches": [{"statusCode": "DRAFT"}]}}}, "the state of a resource is 'status'"),
        ({"given": {"serpwow": {"batches": [{"searches_type": "google_web"}]}}}, "is locked to is 'locked_type'"),
        ({"given": {"serpwow": {"batches": [{"credits_required": 5}]}}}, "it follows from the 'searches'"),
        ({"given": {"stripe": {"batch_jobs": [{"state": "complete"}]}}}, "the state of a resource is 'status'"),
        ({"given": {"stripe": {"batch_jobs": [{"status_details": {}}]}}}, "they follow from 'status', 'rows' and"),
        ({"given": {"stripe": {"batch_jobs": [{"expiresAt": "2026-01-01T00:00:00Z"}]}}}, "known: id, status, since,"),
        ({"given": {"stripe": {"keys": []}}}, "known: platform, account,"),
        ({"given": {"6dot50": {"batches": [{"summary": {}}]}}}, "it follows from the 'payments'"),
        ({"extends": "first-run"}, "other files are named in 'include: [parts/accounts.yaml]'"),
        ({"limits": {}}, "--max-"),
        ({"variables": {}}, "values that a caller sets are 'parameters'"),
        ({"parameters": {"n": 1}, "seed": "${m}"}, "no parameter is called 'm'; known: n"),
        ({"timing": {"stripe.cancel": "30s"}}, "known: stripe.upload, stripe.validation"),
        ({"faults": [{**STRIKES, "query": {}}]}, "'match', which has query, headers and body"),
        ({"faults": [{**STRIKES, "data": "a"}]}, "'body'"),
        ({"faults": [{**STRIKES, "limit": 10}]}, "'rate_limit: {calls: 10, per: 1m}'"),
        ({"replies": [{"at": "serpwow.batches.stop", "delay": "2s", "status": 500}]}, "one of 'faults'"),
        ({"replies": [{"at": "serpwow.batches.stop", "status": 500, "match": {"path": "/"}}]}, "'at' says which operation"),
        ({"replies": [{"at": ["serpwow.batches.stp"], "status": 500}]}, "did you mean 'serpwow.batches.stop'?"),
        (
            {"replies": [{"at": "serpwow.batches", "status": 500}]},
            "'serpwow.batches' is none of the 63 that there are; name one of its own: serpwow.batches.create,",
        ),
        ({"steps": [{"wait": "3s"}]}, "'advance: 30s'"),
        ({"steps": [{"after_call": "serpwow", "set": {}}]}, "stands in 'timeline' at the top"),
        ({"steps": [{"send": "POST /", "form": {"a": "b"}}]}, "as of a form, whose Content-Type is one of 'headers'"),
        ({"steps": [{"send": "POST /", "expect": {"took": "5s"}}]}, "what a delay passes is the world's time"),
        ({"faults": [{"at": "stripe", "where": "after-commit"}]}, "'do' is missing: status, delay, drop,"),
        ({"steps": [{"expect_ledger": {"exchanges": 1}}]}, "a test asks emulator.ledger and emulator.journal"),
        ({"steps": [{"webhook": "done"}]}, "'expect_delivery: {event: TYPE}'"),
        ({"steps": [{"send": "GET /", "get": {"body": {}}}]}, "'json'"),
        ({"given": {"6dot50": {"batches": [{"status": "draft"}]}}}, "did you mean 'DRAFT'?"),
        ({"given": {"serpwow": {"batches": [{"zzz": 1}]}}}, "known: id, name, status,"),
    ],
)
def test_a_key_in_the_wrong_place_is_told_the_right_one(item: dict[str, Any], message: str) -> None:
    with pytest.raises(BadInput) as excinfo:
        load_document(Document({"title": "A", **item}), VENDORS)
    assert any(message in problem.message for problem in excinfo.value.problems), excinfo.value.lines()


def test_a_scenario_that_is_sent_bare_is_told_where_it_belongs() -> None:
    (problem, *_) = problems_in({"given": {}}, NEW_WORLD)
    assert problem.message.startswith("unknown key 'given': a scenario stands below 'scenario'")


def sections(schema: Any) -> list[frozenset[str]]:
    """Return the keys of every object in a schema."""
    if isinstance(schema, list):
        return [keys for part in schema for keys in sections(part)]
    if not isinstance(schema, dict):
        return []
    own = [frozenset(schema["properties"])] if isinstance(schema.get("properties"), dict) else []
    return own + [keys for part in schema.values() for keys in sections(part)]


def test_no_word_of_another_tool_is_one_of_ours_in_that_section() -> None:
    left = [*sections(SCHEMA), *sections(NEW_WORLD)]
    for keys, words in foreign_words():
        own = [section for section in left if keys <= section]
        left = [section for section in left if section not in own]
        assert own, keys
        assert [word for section in own for word in words if word in section] == []
