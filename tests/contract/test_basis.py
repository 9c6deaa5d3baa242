"""Nothing is called documented that no page says: the facts name their pages, and an answer is as sure as its weakest fact."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.contract.evidence import Evidence, grounds_of, load_evidence, load_wordings
from emulator.contract.fixtures import fixtures_folder
from emulator.kernel.machine import ABSENT, Timer
from emulator.sdk.vendor import Vendor
from emulator.vendors import VENDORS
from emulator.web.guard import PREFIX
from tests.support.evidence import FACTS, weakest
from tests.support.server import Live

ROOT = Path(__file__).parents[2]
DOCUMENTED = [fact for fact in FACTS.values() if fact.kind == "documented"]
ANSWERS = [(vendor.name, name) for vendor in VENDORS.values() for name in vendor.renderers]
ID = re.compile(r"\b(?:serpwow|stripe|6dot50)-[a-z]+(?:-[a-z]+)*-\d+\b")
"""An evidence id, wherever one stands: in code, in a docstring, in a fixture or in a scenario."""

PAGES = {
    "serpwow": ("docs.trajectdata.com/serpwow/", "app.serpwow.com/"),
    "stripe": ("docs.stripe.com/", "github.com/stripe/", "pypi.org/project/stripe/", "www.npmjs.com/package/stripe"),
    "6dot50": ("6dot50.gitbook.io/6dot50-apis/",),
}
"""Where each vendor publishes. A page about a sibling product says nothing of this one."""

HEDGE = re.compile(
    r"\b(probably|likel(y|ier)|perhaps|maybe|presumably|apparently|should|seems?|may well|we|our|us|I"
    r"|as \w+ do(es)?|since|so that|cannot matter|does not matter|emulator)\b|, so\b",
    re.IGNORECASE,
)
"""Words of somebody who concludes, and does not report what a page says."""

PRINTED = {
    "serpwow": {
        "batch", "batch_with_searches", "page", "results", "account", "searches", "search", "destination", "destinations",
        "deleted", "search_deleted", "cleared", "resent", "destination_deleted", "stopped_all",
    },
    "stripe": {"job", "destination", "destinations", "deleted", "link_refused"},
    "6dot50": {"batch", "batches", "changed", "payments", "payment", "deleted", "status_codes", "token", "astray"},
}  # fmt: skip
"""Answers whose words and fields are printed, empty, or judged one by one; all others name the facts of their wording."""

NEVER_DOCUMENTED = {
    "serpwow": {
        "stopped": "the confirmation of a stop",
        "started": "the confirmation of a start",
        "searches_deleted": "the confirmation that many searches are deleted",
        "not_stoppable": "the status and the text about a batch that is idle",
        "not_startable": "the status and the text about a batch that runs",
        "not_editable": "the status and the text about a change of a batch that runs",
        "nothing_to_stop": "a stop of all that finds none",
        "nothing_to_run": "a start without searches",
        "disabled": "a start of what is not enabled",
        "no_credits": "the text of a 402",
        "too_many_batches": "the refusal of batch 10,001",
        "too_many_destinations": "the refusal of destination 51",
        "unknown_batch": "the status of a text that is printed",
        "unknown_part": "the status of a text that is printed",
        "unknown_destination": "all about an unknown destination",
        "unfit": "which values are refused: null, enabled=1, a bad body",
        "bad_list_parameter": "the refusal of a list parameter",
        "too_often": "the text of a 429",
        "failure": "the text of a 500",
        "down": "the text of a 503 of these calls",
        "bad_key": "that these paths refuse a key in the words of the search path",
        "astray": "the body of a 404",
        "stop_failed": "all about a stop that fails",
        "file": "what a file holds",
        "account": "the fields of the account",
        "result": "the host and the path of a link",
        "export": "the same",
        "batch": "two of a batch's fields",
    },
    "stripe": {
        "uploaded": "the answer to an upload",
        "results": "what the response of a row holds",
        "event": "which of null and {} changes is",
        "pinged": "the same",
        "not_found": "a message",
        "not_cancellable": "a message",
        "unauthorized_endpoint": "a message",
        "unsupported_endpoint": "a message",
        "invalid_fields": "a message",
        "unauthenticated": "a 401 of the second API",
        "forbidden": "a 403 of the second API",
        "publishable_key": "the status and the message of the second API",
        "restricted_key": "a 403 of the second API",
        "wrong_account": "a 403 of the second API",
        "no_version": "a message",
        "unknown_version": "which error an unknown version gets",
        "no_such_method": "that jobs are not found in a version without them",
        "limited": "a message",
        "locked": "which header asks for another try",
        "key_reused": "a message",
        "key_too_long": "all about a key that is too long",
        "replay_impossible": "a message",
        "nothing_found": "a message",
        "down": "all about a 503",
        "astray": "all about a path that is not there",
    },
    "6dot50": {
        "submitted": "the name of the key payments",
        "added": "the reply to adding payments",
        "created": "the status of a creation",
        "accounts": "which of number and string a balance is",
        "member": "the body about a member",
        "no_member": "the same",
        "token_refused": "the status of a failure",
        "no_token": "the body and the challenge of a 401",
        "bad_token": "the same",
        "invalid": "the body of a 400",
        "unreadable": "the body of a 400",
        "malformed_id": "the body of a 400",
        "not_draft": "the status and the body of a wrong state",
        "payment_not_draft": "the body of a 400",
        "small_float": "the status and the body of a submit that costs too much",
        "no_purse": "the same",
        "nothing_to_submit": "the same of an empty batch",
        "nothing_to_cancel": "the same",
        "unknown_batch": "the body of a 404",
        "unknown_payment": "the body of a 404",
        "broken": "the body of a 500",
        "forbidden": "any 403",
    },
}
"""Answers of which some part is on no page, and which part that is."""

UNPUBLISHED = re.compile(
    r"\b405\b|\b403\b|batch (stopped|started)\b|not currently queued|Not found|WWW-Authenticate|ASP\.NET|SQL Server|JWT"
    r"|idle again|X-RateLimit|null stands|empty body|has_no|Scale SERP|ValueSERP|Countdown"
)
"""What no page of these vendors says about these products."""


def faults_of(fact: Evidence) -> Iterator[str]:
    """Yield why a fact is none that a page of its vendor documents."""
    vendor = next(name for name in VENDORS if fact.id.startswith(name))
    for source in fact.sources:
        address = urlsplit(source)
        if address.scheme != "https":
            yield f"{fact.id}: {source} is no address"
        elif not f"{address.netloc}{address.path}".startswith(PAGES[vendor]):
            yield f"{fact.id}: {source} is no page of {vendor}"
    if len(fact.says.split()) < 4:
        yield f"{fact.id} says next to nothing"
    for pattern, reason in ((HEDGE, "concludes"), (UNPUBLISHED, "says what no page does")):
        if match := pattern.search(fact.says):
            yield f"{fact.id} {reason}: {match[0]}"


def test_a_documented_fact_names_a_page_of_its_vendor_and_paraphrases_it() -> None:
    assert [fault for fact in DOCUMENTED for fault in faults_of(fact)] == []


@pytest.mark.parametrize(
    "text",
    [
        "It is 400, as gateways do.",
        "The key should go first.",
        "We take 400.",
        "Its case cannot matter.",
        "It is so, since it is.",
    ],
)
def test_a_conclusion_is_told_from_a_report(text: str) -> None:
    assert HEDGE.search(text)


def test_that_a_webhook_is_retried_is_documented_and_when_it_is_retried_is_not() -> None:
    assert [FACTS[f"serpwow-webhook-{n}"].kind for n in (5, 9)] == ["documented", "inferred"]


@pytest.mark.parametrize("vendor", VENDORS)
def test_no_two_facts_have_one_id(vendor: str) -> None:
    ids = re.findall(r"^- id: (\S+)$", (fixtures_folder() / vendor / "evidence.yaml").read_text("utf-8"), re.MULTILINE)
    assert [id for id, count in Counter(ids).items() if count > 1] == []
    assert ids == list(load_evidence(VENDORS[vendor]))


def citing() -> Iterator[Path]:
    yield from (ROOT / "emulator").rglob("*.py")
    yield from (ROOT / "scenarios").rglob("*.yaml")
    yield from fixtures_folder().glob("*/wordings.yaml")


def test_every_fact_that_is_cited_exists() -> None:
    citations = {(path.name, id) for path in citing() for id in ID.findall(path.read_text("utf-8"))}
    assert sorted(citation for citation in citations if citation[1] not in FACTS) == []


def test_the_words_of_every_answer_are_printed_or_rest_on_facts() -> None:
    for vendor, answer in ANSWERS:
        facts = load_wordings(VENDORS[vendor]).get(answer, ())
        assert facts or answer in PRINTED[vendor], f"name the facts behind {answer} in fixtures/{vendor}/wordings.yaml"
        assert set(facts) <= set(load_evidence(VENDORS[vendor])), f"{vendor}: {answer}"


@pytest.mark.parametrize("vendor", VENDORS)
def test_only_answers_that_there_are_have_facts_for_their_wording(vendor: str) -> None:
    assert load_wordings(VENDORS[vendor]).keys() <= VENDORS[vendor].renderers.keys()


@pytest.mark.parametrize("vendor", VENDORS)
def test_what_no_page_prints_is_never_documented(vendor: str) -> None:
    ids = [fact.id for fact in DOCUMENTED if fact.id.startswith(vendor)]
    for answer, part in NEVER_DOCUMENTED[vendor].items():
        assert answer in VENDORS[vendor].renderers
        assert "documented" not in {grounds_of(VENDORS[vendor], answer, id).basis for id in ids}, f"{answer}: {part}"


@given(st.data())
def test_an_answer_is_as_sure_as_the_weakest_of_its_facts(data: st.DataObject) -> None:
    vendor, answer = data.draw(st.sampled_from(ANSWERS))
    ids = st.sampled_from(sorted(load_evidence(VENDORS[vendor])))
    evidence, also = data.draw(ids), tuple(data.draw(st.lists(ids, max_size=3)))
    assumption = data.draw(st.sampled_from((None, "an assumption")))
    basis, beside = grounds_of(VENDORS[vendor], answer, evidence, also, assumption)
    assert set(beside) == {*load_wordings(VENDORS[vendor]).get(answer, ()), *also}
    assert basis == weakest([evidence, *beside], assumption)


def basis_of(live: Live, scenario: dict[str, Any], method: str, path: str, **request: Any) -> str | None:
    world = live.load(scenario)
    headers = {"emulator-world": world.id, **request.pop("headers", {})}
    basis: str | None = httpx.request(method, f"{live.url}{path}", headers=headers, **request).headers.get("emulator-basis")
    return basis


STRIPE_HEADERS = {"authorization": "Bearer sk_test_1", "stripe-version": "2026-03-25.preview"}
CANCELED = {"id": "batchv2_A", "status": "canceled", "rows": 40, "success_count": 30, "failure_count": 5}
CANCEL = "/v2/core/batch_jobs/batchv2_A/cancel"
STOPPABLE = {"given": {"serpwow": {"batches": [{"repeat": 20, "status": "queued"}, {"repeat": 3, "status": "running"}]}}}


@pytest.mark.parametrize("assume", [{}, {"stripe.download-link-life": "from-creation"}])
def test_a_canceled_job_is_inferred_however_long_its_link_lives(live: Live, assume: dict[str, str]) -> None:
    scenario = {"assume": assume, "given": {"stripe": {"batch_jobs": [CANCELED]}}}
    assert basis_of(live, scenario, "POST", CANCEL, headers=STRIPE_HEADERS) == "inferred"


@pytest.mark.parametrize("assume", [{"stripe.livemode": "omit"}, {"stripe.job-without-metadata": "omit"}])
def test_an_answer_that_asks_about_an_assumption_is_inferred_once_it_is_switched(live: Live, assume: dict[str, str]) -> None:
    scenario = {"assume": assume, "given": {"stripe": {"batch_jobs": [CANCELED | {"status": "in_progress"}]}}}
    assert basis_of(live, scenario, "GET", CANCEL.removesuffix("/cancel"), headers=STRIPE_HEADERS) == "inferred"


def test_a_cancel_of_a_job_in_progress_is_documented(live: Live) -> None:
    job = CANCELED | {"status": "in_progress"}
    assert basis_of(live, {"given": {"stripe": {"batch_jobs": [job]}}}, "POST", CANCEL, headers=STRIPE_HEADERS) == "documented"


def test_a_stop_of_all_is_documented_and_a_stop_of_one_is_not(live: Live) -> None:
    assert basis_of(live, STOPPABLE, "GET", "/live/batches/stopall?api_key=k") == "documented"
    one = {"given": {"serpwow": {"batches": [{"id": "B", "status": "queued"}]}}}
    assert basis_of(live, one, "GET", "/live/batches/B/stop?api_key=k") == "inferred"


@pytest.mark.parametrize("status", ["queued", "running"])
@pytest.mark.parametrize("path", ["", "/A/results"])
def test_what_a_stop_leaves_of_a_batch_is_not_documented(live: Live, status: str, path: str) -> None:
    key, world = "?api_key=k", live.load({"given": {"serpwow": {"batches": [{"id": "A", "searches": 4, "status": status}]}}})
    headers = {"emulator-world": world.id}
    assert httpx.get(f"{live.url}/live/batches/A/stop{key}", headers=headers).status_code == 200
    assert httpx.get(f"{live.url}/live/batches{path}{key}", headers=headers).headers["emulator-basis"] == "inferred"
    assert basis_of(live, {"given": {"serpwow": {"batches": [{"id": "A"}]}}}, "GET", f"/live/batches{path}{key}") == "observed"


@pytest.mark.parametrize(
    "request_",
    [
        {"json": {"name": "x", "schedule_hours": None}},
        {"json": {"name": "x", "enabled": None}},
        {"json": {"name": "x", "destination_ids": None}},
        {"json": {"name": "x", "priority": None}},
        {"data": {"name": "x", "enabled": "1"}},
        {"data": {"name": "x", "notification_as_csv": "yes"}},
        {"content": b"{", "headers": {"content-type": "application/json"}},
        {"json": []},
    ],
    ids=str,
)
def test_a_refusal_of_what_no_page_forbids_is_not_documented(live: Live, request_: dict[str, Any]) -> None:
    assert basis_of(live, {}, "POST", "/live/batches?api_key=k", **request_) != "documented"


def test_an_explanation_names_the_facts_behind_the_words(live: Live) -> None:
    world = live.load({"given": {"serpwow": {"batches": [{"id": "B", "status": "queued"}]}}})
    httpx.get(f"{live.url}/live/batches/B/stop?api_key=k", headers={"emulator-world": world.id})
    explanation = httpx.get(f"{live.url}{PREFIX}/worlds/{world.id}/journal/1/explain").json()
    assert (explanation["because"]["kind"], [fact["evidence"] for fact in explanation["also"]]) == (
        "documented",
        ["serpwow-stop-8"],
    )
    assert "[serpwow-stop-8, inferred, unpublished]" in explanation["text"]


@pytest.mark.parametrize("vendor", VENDORS.values(), ids=VENDORS)
def test_what_is_forgotten_after_a_time_that_nobody_publishes_rests_on_no_page(vendor: Vendor) -> None:
    rows = [row for machine in vendor.machines for row in machine.rows if row.to == ABSENT]
    invented = {row.evidence for row in rows if isinstance(row.cause, Timer) and row.cause.source == "invented"}
    assert [id for id in invented if FACTS[id].kind == "documented"] == []
