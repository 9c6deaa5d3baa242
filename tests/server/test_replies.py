"""Replies in place of the vendors' own, and what faults and they share: calls are told apart, counted and limited."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from emulator import ControlError, Emulator
from emulator.control.rule_models import Fault, Reply

BATCHES = [{"id": f"B{n}", "status": "running", "searches": 1} for n in range(8)]
GIVEN = {
    "timing": {"serpwow.run": "never"},
    "given": {
        "serpwow": {"batches": BATCHES},
        "stripe": {"batch_jobs": [{"id": "batchv2_1", "status": "in_progress"}]},
        "6dot50": {"tokens": [{"token": "t1", "key": "one"}, {"token": "t2", "key": "two"}]},
    },
}
STOP, LIST, CREATE = "serpwow.batches.stop", "serpwow.batches.list", "serpwow.batches.create"
TEXT = "text/plain; charset=utf-8"


@pytest.fixture(scope="module")
def _emulator() -> Iterator[Emulator]:
    with Emulator() as emulator:
        yield emulator


@pytest.fixture
def world(_emulator: Emulator) -> Emulator:
    _emulator.load(GIVEN)
    return _emulator


def serpwow(world: Emulator, path: str, method: str = "GET", **options: Any) -> httpx.Response:
    params = {"api_key": world.serpwow.api_key, **options.pop("params", {})}
    with httpx.Client(transport=world.transport(), base_url="http://localhost/live") as client:
        return client.request(method, path, params=params, **options)


def stripe(world: Emulator, path: str, method: str = "GET", **headers: str) -> httpx.Response:
    own = {"Authorization": f"Bearer {world.stripe.api_key}", "Stripe-Version": "2026-03-25.preview"}
    with httpx.Client(transport=world.transport(), base_url="http://localhost") as client:
        return client.request(method, path, headers={**own, **headers})


def stops(world: Emulator, *numbers: int) -> list[int]:
    return [serpwow(world, f"/batches/B{number}/stop").status_code for number in numbers]


def counted(world: Emulator) -> list[tuple[int, int]]:
    rules: list[Fault | Reply] = [*world.faults.list(), *world.replies.list()]
    return [(it.seen, it.struck) for it in rules]


BUSY: dict[str, Any] = {"status": 503}


@pytest.mark.parametrize(
    ("words", "statuses"),
    [
        ({"at": STOP}, [503, 503, 503, 503]),
        ({"at": STOP, "after": 2, "times": 1}, [200, 200, 503, 200]),
        ({"at": STOP, "every": 2}, [200, 503, 200, 503]),
        ({"at": STOP, "id": "B1"}, [200, 503, 200, 200]),
        ({"at": "serpwow", "id": "B1", "times": 1}, [200, 503, 200, 200]),
        ({"at": "*", "after": 3}, [200, 200, 200, 503]),
        ({"at": [LIST, STOP], "times": 2}, [503, 503, 200, 200]),
        ({"at": STOP, "rate_limit": {"calls": 3, "per": "1h"}}, [200, 200, 200, 503]),
        ({"at": "stripe"}, [200, 200, 200, 200]),
    ],
)
@pytest.mark.parametrize("where", [None, "before-auth", "before-commit", "after-commit"])
def test_faults_and_replies_are_for_calls_in_the_same_words(
    world: Emulator, words: dict[str, Any], statuses: list[int], where: str | None
) -> None:
    if where is None:
        world.replies.add(**words, **BUSY)
    else:
        world.faults.add(**words, where=where, do="status", **BUSY)
    assert stops(world, 0, 1, 2, 3) == statuses


@pytest.mark.parametrize(
    ("match", "options", "is_met"),
    [
        ({"query": {"page": 2}}, {"params": {"page": "2", "page_size": "1"}}, True),
        ({"query": {"page": "2"}}, {"params": {"page": "1"}}, False),
        ({"query": {"page": "2"}}, {}, False),
        ({"query": {"a b": "é&"}}, {"params": {"a b": "é&"}}, True),
        ({"headers": {"X-Trace": "one"}}, {"headers": {"x-TRACE": "one"}}, True),
        ({"headers": {"X-Trace": "one"}}, {"headers": {"X-Trace": "One"}}, False),
        ({"headers": {"x-trace": "two"}}, {"headers": [("X-Trace", "one"), ("X-Trace", "two")]}, True),
        ({"query": {"page": 2}, "headers": {"x": 1}}, {"params": {"page": "2"}}, False),
    ],
)
def test_a_call_is_matched_by_its_query_and_its_headers(
    world: Emulator, match: dict[str, Any], options: dict[str, Any], is_met: bool
) -> None:
    world.replies.add(at=LIST, match=match, status=418)
    assert (serpwow(world, "/batches", **options).status_code == 418) == is_met
    world.faults.add(at=LIST, match=match, where="before-auth", do="status", status=503)
    assert (serpwow(world, "/batches", **options).status_code == 503) == is_met


@pytest.mark.parametrize(
    ("body", "options", "is_met"),
    [
        ({"name": "A"}, {"json": {"name": "A", "enabled": True}}, True),
        ({"name": "A"}, {"json": {"name": "B"}}, False),
        ({"name": "A"}, {"data": {"name": "A", "enabled": "true"}}, True),
        ({"enabled": True}, {"data": {"name": "A", "enabled": "true"}}, True),
        ({"enabled": True}, {"json": {"name": "A", "enabled": True}}, True),
        ({"enabled": True}, {"json": {"name": "A", "enabled": 1}}, False),
        ({"share": 0.1}, {"json": {"share": 0.1}}, True),
        ([{"q": "b"}], {"json": [{"q": "a"}, {"q": "b", "n": 1}]}, True),
        ("a text", {"content": "a text"}, True),
        ("a text", {"content": "a text and more"}, False),
        (None, {}, True),
    ],
)
def test_a_call_is_matched_by_its_body(world: Emulator, body: Any, options: dict[str, Any], is_met: bool) -> None:
    world.replies.add(at=CREATE, match={"body": body}, status=418)
    assert (serpwow(world, "/batches", "POST", **options).status_code == 418) == is_met


@pytest.mark.parametrize(
    ("says", "media", "content"),
    [
        ({}, None, b""),
        ({"text": ""}, None, b""),
        ({"body": ""}, None, b""),
        ({"text": "<h1>\r\n\té</h1>\n"}, TEXT, "<h1>\r\n\té</h1>\n".encode()),
        ({"text": '{"cut": '}, TEXT, b'{"cut": '),
        ({"text": '{"a":  1.0}', "headers": {"Content-Type": "application/json"}}, "application/json", b'{"a":  1.0}'),
        ({"body": {"a": 1.50}}, "application/json", b'{"a":1.5}'),
        ({"json": None}, "application/json", b"null"),
        ({"headers": {"Content-Type": "application/json"}}, "application/json", b""),
    ],
)
@pytest.mark.parametrize("status", [200, 299, 302, 404, 502, 599])
def test_a_response_says_what_is_written_whatever_its_status(
    world: Emulator, says: dict[str, Any], media: str | None, content: bytes, status: int
) -> None:
    world.replies.add(at=LIST, status=status, **says)
    reply = serpwow(world, "/batches")
    assert (reply.status_code, reply.headers.get("content-type"), reply.content) == (status, media, content)
    if says.keys() != {"headers"} and (says or status < 400):  # or a failure is told in the vendor's words
        world.faults.add(at=LIST, where="after-commit", do="status", status=status, **says)
        failed = serpwow(world, "/batches")
        assert (failed.status_code, failed.headers.get("content-type"), failed.content) == (status, media, content)


@pytest.mark.parametrize("status", [204, 205, 304])
def test_what_has_no_body_by_http_has_none(world: Emulator, status: int) -> None:
    world.replies.add(at=LIST, status=status)
    assert (serpwow(world, "/batches").status_code, serpwow(world, "/batches").content) == (status, b"")
    with pytest.raises(ControlError, match=f"a reply with status {status} has no body"):
        world.faults.add(at=LIST, where="before-auth", do="status", status=status, text="a")


def test_headers_stand_in_place_of_the_vendors_own(world: Emulator) -> None:
    headers = {"Vary": "Accept", "Date": "Mon, 09 Mar 2026 21:00:00 GMT", "Retry-After": "7"}
    for add in (
        lambda: world.replies.add(at=LIST, status=200, body={}, headers=headers),
        lambda: world.faults.add(at=LIST, where="before-commit", do="status", status=503, headers=headers),
    ):
        add()
        heard = serpwow(world, "/batches").headers
        assert [heard.get_list(name) for name in headers] == [[value] for value in headers.values()]


def test_a_fault_without_a_body_fails_in_the_vendors_words_under_its_headers(world: Emulator) -> None:
    world.faults.add(at="stripe", where="before-commit", do="status", status=429, headers={"Retry-After": "60"})
    failed = stripe(world, "/v2/core/batch_jobs/batchv2_1")
    assert (failed.headers["retry-after"], failed.headers["stripe-rate-limited-reason"]) == ("60", "endpoint-rate")
    assert failed.json()["error"]["code"] == "rate_limit"


@pytest.mark.parametrize("path", ["/live/nowhere", "/v2/core/nowhere", "/v2/core/batch_jobs/batchv2_1"])
def test_a_reply_of_a_vendor_is_for_its_unknown_paths_too(world: Emulator, path: str) -> None:
    world.replies.add(at=["serpwow", "stripe"], status=502)
    with httpx.Client(transport=world.transport(), base_url="http://localhost") as client:
        key = {"Authorization": f"Bearer {world.stripe.api_key}"}
        reply = client.get(path, params={"api_key": world.serpwow.api_key}, headers=key)
    assert (reply.status_code, reply.content, "emulator-error" in reply.headers) == (502, b"", False)


def test_a_rate_limit_lasts_and_counts_each_key_by_itself(world: Emulator) -> None:
    world.faults.add(at="6dot50", where="before-commit", do="status", rate_limit={"calls": 2, "per": "1m"})
    with httpx.Client(transport=world.transport(), base_url="http://localhost/za/pay") as client:

        def ask(token: str) -> int:
            return client.get("/accounts", headers={"Authorization": f"Bearer {token}", "Emulator-World": world.id}).status_code

        for _ in range(3):
            assert [ask("t1") for _ in range(3)] == [200, 200, 429]
            assert [ask("t2") for _ in range(3)] == [200, 200, 429]
            world.clock.advance("1m")


def test_a_limit_of_everyone_is_shared_by_all_that_it_is_for(world: Emulator) -> None:
    limit = {"calls": 2, "per": "1m", "of": "everyone"}
    world.faults.add(at=["serpwow", "stripe"], where="before-auth", do="status", rate_limit=limit)
    stripe(world, "/v2/core/batch_jobs/batchv2_1")
    assert stops(world, 0, 1) == [200, 429]
    assert stripe(world, "/v2/core/batch_jobs/batchv2_1").status_code == 429


COUNTING = {
    "faults": [{"at": STOP, "where": "before-commit", "do": "status", "rate_limit": {"calls": 2, "per": "1m"}}],
    "replies": [{"at": STOP, "after": 1, "times": 1, "status": 503}],
}


def test_what_rules_count_is_a_part_of_the_world(world: Emulator) -> None:
    world.load(GIVEN | COUNTING)
    assert stops(world, 0) == [200]
    world.snapshot("after one")
    assert stops(world, 1, 2) == [503, 429]
    with world.fork() as twin:
        assert counted(twin) == counted(world) == [(3, 1), (2, 1)]
        assert stops(twin, 3, 4, 5) == [200, 200, 429], "its key has no window yet"
    assert counted(world) == [(3, 1), (2, 1)]
    world.restore("after one")
    assert (counted(world), stops(world, 1, 2)) == ([(1, 0), (1, 0)], [503, 429])
    world.undo(2)
    assert (counted(world), stops(world, 1, 2)) == ([(1, 0), (1, 0)], [503, 429])
    world.reset()
    assert (counted(world), stops(world, 0, 1, 2)) == ([(0, 0), (0, 0)], [200, 503, 429])


def test_a_dry_run_is_told_and_not_counted(world: Emulator) -> None:
    world.load(GIVEN | COUNTING)
    target = f"/live/batches/B1/stop?api_key={world.serpwow.api_key}"
    for status in (200, 503, 429):
        assert [world.dry_run("GET", target).status for _ in range(3)] == [status] * 3
        assert stops(world, 1) == [status]
    assert counted(world) == [(3, 1), (2, 1)]


def test_the_windows_of_a_limit_are_shown_while_they_last(world: Emulator) -> None:
    world.load(GIVEN | COUNTING)
    stops(world, 0, 1, 2)
    (fault,) = world.faults.list()
    assert fault.windows is not None
    assert [(it.key, it.calls, (it.until - it.since).total_seconds()) for it in fault.windows] == [
        (f"{world.serpwow.api_key[:4]}…", 3, 60)
    ]
    world.clock.advance("1m")
    assert [it.windows for it in world.faults.list()] == [()]


def test_replies_come_and_go_through_the_handle(world: Emulator) -> None:
    one = world.replies.add(
        at=LIST, status=503, times=2, for_="1h", match={"headers": {"Authorization": "Bearer secret-of-mine"}}
    )
    assert (one.id, one.left, one.reply["for"], "secret-of-mine" in repr(one)) == ("reply-1", 2, "1h", False)
    two = world.replies.add(at=STOP, status=503)
    assert [it.id for it in world.replies.list()] == [one.id, two.id]
    assert world.ask("GET", "/replies/reply-2") == {
        "id": "reply-2", "seen": 0, "struck": 0, "left": None, "place": None, "reply": {"at": STOP, "status": 503},
    }  # fmt: skip
    world.replies.remove(one.id)
    assert ([it.id for it in world.replies.list()], stops(world, 1)) == ([two.id], [503])
    world.replies.clear()
    assert (world.replies.list(), stops(world, 1)) == ([], [200])
    with pytest.raises(ControlError, match="no reply is called 'reply-2'"):
        world.replies.remove(two.id)


def test_a_rule_that_is_removed_takes_its_windows_along(world: Emulator) -> None:
    world.load(GIVEN | COUNTING)
    stops(world, 0, 1, 2)
    world.faults.clear()
    world.replies.clear()
    assert stops(world, 2, 3, 4) == [200, 200, 200]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ({"at": "serpwow.batches.stp"}, "did you mean 'serpwow.batches.stop'"),
        ({"at": [STOP, "serpwow.batches.lst"]}, "/at/1: 'serpwow.batches.lst' is none of"),
        ({"at": [STOP, STOP]}, "/at: .* has an item twice"),
        ({"at": []}, "/at: .* is empty"),
        ({"at": LIST, "id": "B1"}, "the path of serpwow.batches.list names no resource"),
        (
            {"at": [LIST, "serpwow.account.get"], "id": "B1"},
            "the paths of serpwow.batches.list and serpwow.account.get name no",
        ),
        ({"at": STOP, "match": {}}, "/match: needs at least one of query, headers, body"),
        ({"at": STOP, "match": {"query": {}}}, "/match/query: .* is empty"),
        ({"at": STOP, "match": {"querry": {"a": "b"}}}, "did you mean 'query'"),
        ({"at": STOP, "match": {"query": {"a": None}}}, "/match/query/a: expected text or a number or true or false"),
        ({"at": STOP, "match": {"form": {"a": 1}}}, "what the body holds is 'body'"),
        ({"at": "stripe.files.upload", "match": {"body": "x"}}, "the body of stripe.files.upload is read as it arrives"),
        ({"at": STOP, "rate_limit": {"calls": 10}}, "'per' is missing"),
        ({"at": STOP, "rate_limit": {"calls": 0, "per": "1m"}}, "0 is less than the minimum of 1"),
        ({"at": STOP, "rate_limit": {"calls": 1, "per": "0s"}}, "in no time there are no calls to count"),
        ({"at": STOP, "rate_limit": {"calls": 1, "per": "never"}}, "after: 10 spares the first ten calls"),
        ({"at": STOP, "rate_limit": {"calls": 1, "per": "1m", "of": "account"}}, "'account' is not one of key, everyone"),
        ({"at": STOP, "rate_limit": {"limit": 1, "per": "1m"}}, "how many calls pass is 'calls'"),
        ({"at": STOP, "rate_limit": {"calls": 1, "per": "1m"}, "every": 2}, "leave out 'every'"),
        ({"at": STOP, "for": "0s"}, "what lasts no time never strikes"),
        ({"at": STOP, "headers": {"Content-Length": "7"}}, "Content-Length follows from the body"),
        ({"at": STOP, "headers": {"a b": "7"}}, "'a b' cannot be the name of a header"),
        ({"at": STOP, "headers": {"a": "7\r\n"}}, "cannot be the value of a header"),
        ({"at": STOP, "text": "a", "body": "b"}, "there is one body"),
        ({"at": STOP, "text": 1}, "expected text, not 1"),
    ],
)
def test_a_word_that_means_nothing_is_refused_and_nothing_is_laid(world: Emulator, words: dict[str, Any], message: str) -> None:
    with pytest.raises(ControlError, match=message):
        world.ask("POST", "/replies", {"status": 503, **words})
    with pytest.raises(ControlError, match=message):
        world.ask("POST", "/faults", {"where": "before-commit", "do": "status", "status": 503, **words})
    assert counted(world) == []


def test_a_header_is_not_given_in_two_ways(world: Emulator) -> None:
    with pytest.raises(ControlError, match="'retry_after' gives this header"):
        world.faults.add(at=STOP, where="before-auth", do="status", status=503, retry_after="1s", headers={"Retry-After": "1"})


@pytest.mark.parametrize("word", [{"headers": {"a": "b"}}, {"text": "a"}])
def test_words_of_a_response_belong_to_a_fault_that_has_one(world: Emulator, word: dict[str, Any]) -> None:
    with pytest.raises(ControlError, match=f"'{next(iter(word))}' belongs to do: status, not to drop"):
        world.faults.add(at=STOP, where="before-auth", do="drop", **word)


HTML = {"content-type": "text/html", "content-security-policy": "script-src *"}
SHOWN = {
    "a document": {"Sec-Fetch-Dest": "document"},
    "a frame": {"sec-fetch-dest": "iframe"},
    "over http": {"Accept": "text/html,*/*"},
}


@pytest.mark.parametrize("shown", SHOWN)
def test_a_page_that_a_scenario_gives_is_nobodys_in_a_browser(world: Emulator, shown: str) -> None:
    world.replies.add(at=STOP, status=200, text="<script>1</script>", headers=HTML)
    path = "/batches/B1/stop"
    assert serpwow(world, path, headers=SHOWN[shown]).headers.get_list("content-security-policy") == ["script-src *", "sandbox"]
    assert serpwow(world, path, headers={"Sec-Fetch-Dest": "empty"}).headers["content-security-policy"] == "script-src *"
    assert "sandbox" not in serpwow(world, "/batches", headers=SHOWN[shown]).headers["content-security-policy"]


def test_a_failure_that_a_fault_writes_is_nobodys_page_in_a_browser(world: Emulator) -> None:
    world.faults.add(at=STOP, where="before-commit", do="status", status=500, body="<script>1</script>", headers=HTML)
    answer = serpwow(world, "/batches/B1/stop", headers=SHOWN["a document"])
    assert answer.headers.get_list("content-security-policy")[-1] == "sandbox"
