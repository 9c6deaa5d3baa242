"""Files in and out: what is kept of them, in which order their rows are processed, and that sizes tell the truth."""

from __future__ import annotations

import json
import re
from fractions import Fraction
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.contract.fixtures import fixtures_folder
from emulator.kernel.errors import BadInput
from emulator.kernel.time import parse_instant
from emulator.kernel.transaction import Transaction
from emulator.vendors.stripe import STRIPE
from emulator.vendors.stripe.files.model.outcomes import FailureRule, Order, RowOutcomes, plan
from emulator.vendors.stripe.files.model.rows import (
    BYTE_ORDER_MARK,
    FAULTS,
    FINE,
    ID_FORM,
    ID_TWICE,
    LONGEST_LINE,
    MOST_MARKS,
    NAME_TWICE,
    NOT_JSON,
    OTHER_KEY,
    PATH_FORM,
    UNREADABLE,
    Rows,
)
from emulator.vendors.stripe.files.requests import JsonlReader, read_rows
from emulator.vendors.stripe.files.responses import CHUNK_SIZE, chunks_of, object_of, size_of
from emulator.vendors.stripe.model.endpoints import LISTS, Endpoint, supports
from emulator.vendors.stripe.model.jobs import WITH_RESULTS, Job
from tests.support.loading import load_value

CUSTOMER = Endpoint("post", "/v1/customers/:customer")
NOW = parse_instant("2026-03-09T20:55:31Z")

IDS = st.text(st.sampled_from("ab_-1"), max_size=4) | st.sampled_from([None, 7, "é", 'q"'])
PATHS = st.none() | st.dictionaries(st.sampled_from(["customer", "id"]), st.text(max_size=3) | st.integers(0, 3), max_size=2)
LINES = st.fixed_dictionaries(
    {"id": IDS},
    optional={
        "path_params": PATHS | st.just([]),
        "params": st.none() | st.just({"a": [1]}) | st.just({"id": "25OFF"}) | st.just({"id": 7}) | st.just(3),
        "context": st.none() | st.just("acct_1") | st.just("acct_1/acct_2") | st.just(1),
        "other": st.just(1),
    },
).map(lambda row: json.dumps(row, ensure_ascii=False).encode())
FILES = st.lists(
    LINES | st.sampled_from([b"", b"  ", b"{}", b"[]", b"1e999", b"nonsense", b'{"id":"x"', b"\xff"]), max_size=40
).map(b"\n".join)
ENDPOINTS = st.sampled_from(
    [
        CUSTOMER,
        Endpoint("post", "/v1/coupons"),
        Endpoint("post", "/v1/customer_sessions"),
        Endpoint("delete", "/v1/customers/:customer/sources/:id"),
    ]
)


def rows_of_chunks(data: bytes, *cuts: int) -> Rows:
    reader = JsonlReader()
    edges = [0, *sorted(place % (len(data) + 1) for place in cuts), len(data)]
    for start, end in pairwise(edges):
        reader.feed(data[start:end])
    return reader.rows()


def job_of(work: RowOutcomes, status: str, count: int) -> Job:
    failures = work.failures_among(count)
    return Job(
        "batchv2_a",
        NOW,
        NOW,
        NOW,
        NOW,
        status,
        len(work.rows),
        count - failures,
        failures,
        work=work,
        endpoint=work.endpoint,
    )


@given(FILES, st.lists(st.integers(0, 10_000), max_size=8))
def test_a_file_is_the_same_in_whatever_pieces_it_comes(data: bytes, cuts: list[int]) -> None:
    assert rows_of_chunks(data) == rows_of_chunks(data, *cuts)


@given(FILES, ENDPOINTS)
def test_dumped_rows_can_be_loaded(data: bytes, endpoint: Endpoint) -> None:
    rows = rows_of_chunks(data)
    again = read_rows(b"".join(rows.lines()).decode())
    for strict in (False, True):
        assert plan(rows, endpoint, (), "a", strict=strict).outcomes == plan(again, endpoint, (), "a", strict=strict).outcomes
    assert [rows.record(row) for row in range(len(rows))] == [again.record(row) for row in range(len(again))]
    assert b"".join(again.lines()) == b"".join(rows.lines())


@given(FILES, ENDPOINTS, st.integers(0, 40), st.booleans(), st.sampled_from(WITH_RESULTS))
def test_results_are_as_long_as_their_size_and_match_the_counts(
    data: bytes, endpoint: Endpoint, count: int, has_ids: bool, status: str
) -> None:
    rules = (FailureRule(ids=("a", "b")), FailureRule(pattern="1$"), FailureRule(share=Fraction(1, 3)))
    work = plan(rows_of_chunks(data), endpoint, rules, "batchv2_a", has_ids)
    job = job_of(work, status, min(count, len(work.rows)))
    content = b"".join(chunks_of(job))
    assert len(content) == size_of(job)
    lines = [json.loads(line) for line in content.splitlines()]
    if status == "validation_failed":
        assert len(lines) == min(job.failure_count, 1)
        return
    assert sum(line["status"] == 200 for line in lines) == job.success_count
    assert sum(line["status"] != 200 for line in lines) == job.failure_count


def test_a_file_too_long_to_dump_says_so_and_cannot_be_loaded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("emulator.vendors.stripe.files.model.rows.PLAIN", 10)
    lines = "".join(f'{{"id":"r{n}"}}\n' for n in range(100))
    vendors = {"stripe": STRIPE}
    state = {"batch_jobs": [{"id": "batchv2_A", "status": "in_progress", "input": lines}]}
    world = load_value({"title": "A test", "given": {"stripe": state}}, vendors).world(vendors, "test")
    dump = STRIPE.state.dump(Transaction(world, world.clock.now(), "look"))
    assert dump["batch_jobs"][0]["input"] == {"left_out": "100 rows, which are more than a state shows"}
    with pytest.raises(BadInput, match="input"):
        load_value({"title": "A test", "given": {"stripe": dump}}, vendors)


@given(st.integers(0, 10**6), st.integers(0, 10**6), st.integers(0, 100), st.integers(0, 10**5), st.sampled_from(WITH_RESULTS))
def test_numbers_alone_make_results_of_their_size_too(success: int, failure: int, more: int, extra: int, status: str) -> None:
    job = Job("a", NOW, NOW, NOW, NOW, status, success + failure + more, success % 50, failure % 50, output_size=extra)
    chunks = [*chunks_of(job)]
    assert max(map(len, chunks), default=0) <= CHUNK_SIZE
    content = b"".join(chunks)
    assert len(content) == size_of(job)
    lines = [json.loads(line) for line in content.splitlines()]
    if status != "validation_failed":
        assert [line["status"] == 200 for line in lines].count(True) == job.success_count
        assert len({line["id"] for line in lines}) == job.processed == len(lines)


@given(st.integers(1, 5000), st.text(max_size=8))
def test_every_row_has_one_place_in_an_order_that_is_not_that_of_the_file(count: int, name: str) -> None:
    order = Order.of(name, count)
    places = [order.row(place) for place in range(count)]
    assert sorted(places) == list(range(count))
    assert count == 1 or places != sorted(places)
    assert all(order.place(row) == place for place, row in enumerate(places))


@pytest.mark.parametrize(
    ("share", "count", "failing"), [("5%", 100, 5), ("5%", 19, 0), ("33.3%", 1000, 333), ("100%", 7, 7), ("0%", 7, 0)]
)
def test_a_share_is_exact_and_even_and_knows_nothing_of_the_job(share: str, count: int, failing: int) -> None:

    rows = rows_of_chunks(b"\n".join(b'{"id":"%d","path_params":{"customer":"c"}}' % n for n in range(count)))
    plans = [plan(rows, CUSTOMER, (FailureRule.load({"share": share}),), name) for name in ("one", "two")]
    assert plans[0].outcomes == plans[1].outcomes
    assert len(plans[0].failed) == failing


def test_a_repeated_id_is_found_among_many() -> None:
    lines = [b'{"id":"%d"}' % (n % 5000) for n in range(6000)]
    faults = rows_of_chunks(b"\n".join(lines)).faults
    assert set(faults[:5000]) == {FINE}
    assert set(faults[5000:]) == {ID_TWICE}


@pytest.mark.parametrize(("id", "dump"), [(b"5", b"5"), (b'["a"]', b'["a"]'), (b"[" * 300 + b"]" * 300, b"null")])
def test_an_id_that_is_no_text_is_refused_however_deeply_it_is_nested(id: bytes, dump: bytes) -> None:
    rows = rows_of_chunks(b'{"id":' + id + b"}")
    assert (bytes(rows.faults), rows.record(0)[0]) == (bytes([ID_FORM]), dump)


def test_a_line_without_an_end_is_not_kept() -> None:
    reader = JsonlReader()
    for _ in range(20):
        reader.feed(b"x" * (LONGEST_LINE // 10))
        assert len(reader._rest) <= 1.2 * LONGEST_LINE
    reader.feed(b'\n{"id":"a"}\n')
    assert bytes(reader.rows().faults) == bytes((UNREADABLE, FINE))


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        (b'{"id":"a","params":{"x":"%b"}}' % (b"y" * 900_000), FINE),
        (b'{"id":"a","params":{"x":"%b"}}' % (b"y" * LONGEST_LINE), UNREADABLE),
        (b'{"id":"a","params":{"x":[%b0]}}' % (b"0," * (MOST_MARKS - 10)), FINE),
        (b'{"id":"a","params":{"x":[%b0]}}' % (b"0," * MOST_MARKS), UNREADABLE),
        (b'{"id":"a","params":{"x":"\\ud800"}}', UNREADABLE),
        (b'{"id":"a","params":{"x":1e400}}', UNREADABLE),
        (b'{"id":"a","params":{"x":%b}}' % (b"9" * 400), UNREADABLE),
        (b'{"id":"a","params":{"x":%b%b}}' % (b"[" * 5_000, b"]" * 5_000), UNREADABLE),
        (b'{"id":"a","params":{"x":NaN}}', NOT_JSON),
        (b'{"id":"a","params":{"x":"\xff"}}', NOT_JSON),
        (b'{"id":"a"', NOT_JSON),
        (b"[1]", NOT_JSON),
        (b'\xef\xbb\xbf{"id":"a"}', BYTE_ORDER_MARK),
        (b'{"id":"a","path_params":{"customer":""}}', PATH_FORM),
        (b'{"id":"a","params":{"x":1,"x":2}}', NAME_TWICE),
        (b'{"id":"a","context":null,"context":null}', NAME_TWICE),
        (b'{"id":"a","parms":{"x":1}}', OTHER_KEY),
        (b'{"id":"a","method":"POST","params":null,"stripe_version":"2026-03-25.preview"}', OTHER_KEY),
        (b'{"id":"a","params":{"x":"https://h/"}}', FINE),
    ],
    ids=lambda it: str(it)[:40],
)
def test_a_line_is_refused_for_what_is_wrong_with_it_and_not_for_its_length(line: bytes, fault: int) -> None:
    assert bytes(rows_of_chunks(line).faults) == bytes([fault])


def test_little_is_kept_of_a_row() -> None:
    line = json.dumps({"id": "req_1", "path_params": {"customer": "cus_1"}, "params": {"name": "J" * 10_000}}).encode()
    rows = rows_of_chunks(b"\n".join(line.replace(b"req_1", b"req_%d" % n) for n in range(100)))
    assert len(rows.records) < 30 * len(rows)
    assert len(FAULTS) == OTHER_KEY + 2


def test_a_reader_accepts_five_gigabytes() -> None:
    (upload,) = [operation for operation in STRIPE.operations if operation.reader]
    assert upload.reader is not None
    assert upload.reader().limit == 5 * 10**9


@pytest.mark.parametrize(
    ("path", "word"),
    [
        ("/v1/customers/:c", "customer"),
        ("/v1/invoices/:i/pay", "invoice"),
        ("/v1/subscription_schedules", "subscription_schedule"),
        ("/v1/customers/:c/tax_ids/:id", "tax_id"),
        ("/v1/invoices/:i/add_lines", "invoice"),
        ("/v1/invoices/create_preview", "invoice"),
        ("/v1/customers/:customer/balance_transactions/:transaction", "customer_balance_transaction"),
        ("/v1/customers/:customer/funding_instructions", "funding_instructions"),
        ("/v1/invoices/:invoice/lines/:line_item_id", "line_item"),
        ("/v1/products/:product/features/:id", "product_feature"),
        ("/v1/tax/registrations/:id", "tax.registration"),
        ("/v1/tax/settings", "tax.settings"),
        ("/v1/tax/transactions/create_reversal", "tax.transaction"),
        ("/v1/radar/value_list_items", "radar.value_list_item"),
    ],
)
def test_an_endpoint_says_what_its_rows_answer_with(path: str, word: str) -> None:
    assert object_of(Endpoint("post", path)) == word


@pytest.mark.parametrize(
    ("path", "answered"),
    [
        ("/v1/customers/:c", b'"cus_1"'),
        ("/v1/invoices/:c/pay", b'"cus_1"'),
        ("/v1/customers/:c/subscriptions", None),
        ("/v1/promotion_codes", None),
        ("/v1/coupons", b'"25OFF"'),
    ],
)
def test_a_row_answers_with_the_resource_that_it_names_and_never_with_the_owner_of_a_new_one(
    path: str, answered: bytes | None
) -> None:
    values = b'"path_params":{"c":"cus_1"},' if ":c" in path else b'"params":{"id":"25OFF"},'
    work = plan(rows_of_chunks(b"{%b%b}" % (values, b'"id":"a"')), Endpoint("post", path), (), "batchv2_a")
    assert work.target(0) == answered
    job = job_of(work, "complete", 1)
    assert len(b"".join(chunks_of(job))) == size_of(job)


def test_every_preview_supports_what_all_of_them_do() -> None:
    for version in (
        "2026-03-25.preview",
        "2026-08-26.preview",
        "2026-10-14.preview",
        "2027-01-01.preview",
        "nonsense",
        "2020-01-01",
    ):
        for channel in LISTS:
            assert supports(version, CUSTOMER, channel)
            assert not supports(version, Endpoint("post", "/v1/charges"), channel)


IMPOSSIBLE: list[tuple[dict[str, Any], str]] = [
    ({"failing": [{"ids": ["a"], "share": "5%"}]}, "0"),
    ({"failing": [{"code": "x"}]}, "0"),
    ({"failing": [{"share": "101%"}]}, "share"),
    ({"failing": [{"pattern": "("}]}, "pattern"),
    ({"batch_jobs": [{"failing": [{"pattern": "("}]}]}, "pattern"),
    ({"batch_jobs": [{"status": "in_progress", "input": '{"id":"a"}', "rows": 2}]}, "rows"),
    ({"batch_jobs": [{"status": "in_progress", "input": '{"id":"a"}', "success_count": 1}]}, "success_count"),
    ({"batch_jobs": [{"status": "ready_for_upload", "input": '{"id":"a"}'}]}, "input"),
    ({"batch_jobs": [{"status": "complete", "rows": 2, "output_size": 5}]}, "output_size"),
    ({"batch_jobs": [{"status": "complete", "rows": 2, "output_size": 10**10}]}, "output_size"),
    ({"batch_jobs": [{"status": "validating", "rows": 10**12}]}, "rows"),
    ({"events": [{"type": "v2.core.batch_job.created", "object_id": "a", "since": "2999-01-01T00:00:00Z"}]}, "since"),
]


@pytest.mark.parametrize(("state", "place"), IMPOSSIBLE)
def test_an_impossible_state_is_refused_with_its_place(state: dict[str, Any], place: str) -> None:
    with pytest.raises(BadInput) as excinfo:
        load_value({"title": "A test", "given": {"stripe": state}}, {"stripe": STRIPE}).world({"stripe": STRIPE}, "test")
    assert str(excinfo.value.problems[0].path[-1]) == place


def test_the_published_lines_are_valid_rows() -> None:
    text = (fixtures_folder() / "stripe" / "samples" / "input.jsonl").read_text(encoding="utf-8")
    work = plan(read_rows(text), Endpoint("post", "/v1/customers/:id"), (), "a")
    assert (len(work.rows), work.invalid) == (3, None)
    assert re.fullmatch(rb'"cus_\w+"', work.target(0) or b"")
