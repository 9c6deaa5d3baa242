"""What users need by default: as much as vendors allow is taken, by a server whose bounds nobody raised."""

from __future__ import annotations

import http.client
import json
import random
import time
from collections.abc import Callable, Iterator
from typing import Any

from tests.attack.load import JSON
from tests.attack.served import Client, Findings, Server

BATCH = "f945d71c-b00f-4e77-8175-253093157a2f"
STRIPE = {"Authorization": "Bearer sk_test_1", "Stripe-Version": "2026-03-25.preview"}
BATCHES, SEARCHES, PAYMENTS, UPLOAD = 10_000, 15_000, 100_000, 1_000_000_000
"""Batches of an account and searches of a batch at SerpWow, payments of a batch at 6DOT50, and bytes of a file at Stripe."""

IN_A_CALL = {"searches": 1_000, "payments": 20_000}
"""How many of them one call brings."""


def within_maxima(server: Server, seed: int, seconds: float) -> Findings:
    """Do each of these in a world of its own, one after another, until the time is over."""
    findings, end = Findings(), time.monotonic() + seconds
    needs = [*NEEDED]
    random.Random(seed).shuffle(needs)
    for need in needs:
        for wrong in need(server):
            findings.find(f"{need.__name__.strip('_')}: {wrong}")
        findings.tried += 1
        if time.monotonic() > end:
            break
    return findings


def _made(server: Server, world: str, **given: Any) -> tuple[Client, dict[str, str]]:
    """Make a world; return a client, and the headers that lead into it."""
    client = server.client()
    status, answer = client.control("POST", "/worlds", {"id": world, "scenario": {"title": world, "given": given}})
    assert status == 201, answer
    return client, {"Emulator-World": world, **JSON}


def _asked(client: Client, method: str, path: str, body: Any, headers: dict[str, str], *says: bytes) -> Iterator[str]:
    """Ask, and tell what is wrong if that is refused or its answer does not say so."""
    status, answer = client.ask(method, path, body, headers)
    if status not in (200, 201) or not all(text in answer for text in says):
        yield f"{method} {path} is answered {status} {answer[:300]!r}, without {says}"


def many_batches(server: Server) -> Iterator[str]:
    client, headers = _made(server, "batches")
    for n in range(BATCHES):
        yield from _asked(client, "POST", "/live/batches?api_key=k", {"name": f"n{n}"}, headers)
    yield from _asked(client, "GET", "/live/account?api_key=k", None, headers, b'"batches_used":%d' % BATCHES)
    client.control("DELETE", "/worlds/batches")


def many_searches(server: Server) -> Iterator[str]:
    """Add searches with all of the parameters that SerpWow lists, which are fewer than 50."""
    client, headers = _made(server, "searches", serpwow={"batches": [{"id": "2A6F94BB", "searches": 0}]})
    search = {"q": "pizza", "location": "Austin,Texas,United States"} | {f"parameter_{n}": f"value {n}" for n in range(48)}
    for n in range(0, SEARCHES, IN_A_CALL["searches"]):
        body = {"searches": [{**search, "custom_id": str(n + more)} for more in range(IN_A_CALL["searches"])]}
        yield from _asked(client, "PUT", "/live/batches/2A6F94BB?api_key=k", body, headers)
    yield from _asked(client, "GET", "/live/batches/2A6F94BB?api_key=k", None, headers, b'"searches_total_count":%d' % SEARCHES)
    client.control("DELETE", "/worlds/searches")


def many_payments(server: Server) -> Iterator[str]:
    given = {"accounts": [{"name": "A", "balance": 10**9}], "batches": [{"id": BATCH, "name": "T", "status": "DRAFT"}]}
    client, headers = _made(server, "payments", **{"6dot50": given})
    headers |= _bearer(client, headers)
    payment = {"msisdn": "27821231234", "amount": 100.5, "firstname": "Nomvula", "lastname": "Khumalo"}
    for n in range(0, PAYMENTS, IN_A_CALL["payments"]):
        payments = [{**payment, "externalId": f"payout-{n + more:06d}"} for more in range(IN_A_CALL["payments"])]
        body = {"clearExisting": False, "payments": payments}
        yield from _asked(client, "POST", f"/za/pay/batches/{BATCH}/payments", body, headers)
    yield from _asked(client, "GET", f"/za/pay/batches/{BATCH}", None, headers, b'"paymentsCount":%d' % PAYMENTS)
    client.control("DELETE", "/worlds/payments")


def payments_of_a_scenario(server: Server) -> Iterator[str]:
    payments = [{"repeat": PAYMENTS, "msisdn": "27821231234", "amount": 1}]
    given = {"batches": [{"id": BATCH, "status": "DRAFT", "payments": payments}]}
    client, headers = _made(server, "given", **{"6dot50": given})
    headers |= _bearer(client, headers)
    yield from _asked(client, "GET", f"/za/pay/batches/{BATCH}", None, headers, b'"paymentsCount":%d' % PAYMENTS)
    client.control("DELETE", "/worlds/given")


def large_upload(server: Server) -> Iterator[str]:
    client, headers = _made(server, "upload")
    job = {"endpoint": {"path": "/v1/customers/:customer", "http_method": "post"}, "metadata": {}, "skip_validation": True}
    _, answer = client.ask("POST", "/v2/core/batch_jobs", job, headers | STRIPE)
    url = json.loads(answer)["status_details"]["ready_for_upload"]["upload_url"]["url"]
    line = b'{"id":"r1","path_params":{"customer":"cus_1"},"params":{"description":"%s"}}\n' % (b"x" * 100_000)
    connection = http.client.HTTPConnection(server.netloc, timeout=300)
    lines = UPLOAD // len(line)
    connection.request(
        "PUT", "/" + url.split("/", 3)[3], (line for _ in range(lines)), {"Content-Length": str(lines * len(line))}
    )
    if (status := connection.getresponse().status) != 200:
        yield f"an upload of {UPLOAD} bytes is answered {status}"
    connection.close()
    client.control("DELETE", "/worlds/upload")


def _bearer(client: Client, headers: dict[str, str]) -> dict[str, str]:
    """Return the header of a token of 6DOT50."""
    _, world = client.control("GET", f"/worlds/{headers['Emulator-World']}")
    pair = {name: world["credentials"]["6dot50"][name] for name in ("key", "secret")}
    _, answer = client.ask("POST", "/za/pay/authentication/getToken", pair, headers)
    return {"Authorization": f"Bearer {json.loads(answer)['token']}"}


NEEDED: tuple[Callable[[Server], Iterator[str]], ...] = (
    many_batches,
    many_searches,
    many_payments,
    payments_of_a_scenario,
    large_upload,
)
