"""An answer that another choice of an assumption makes different is called inferred, by both choices."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import httpx
import pytest

from emulator.vendors import VENDORS
from tests.support.server import Live
from tests.support.sixdot50 import PAYEE, STRANGER

CHOICES = {it.id: it.choices for it in VENDORS["6dot50"].assumptions}
AT = "2026-03-0{}T00:00:00.127Z"
MARKS = {"6dot50.absent-values"}
"""Assumptions of which a page's own sample shows the default: the other choice alone is not documented."""

BODIES: list[dict[str, Any]] = [{"name": "x"}, {"name": ""}, {}]
BODIES += [{"externalId": it} for it in ("", None, "e13", "E12", "e15", "new")]
ADDED: list[dict[str, Any]] = [{}, {"amount": 0}, {"amount": 1.005}, {"msisdn": f"+{PAYEE}"}, {"referralAmount": 1}]
ADDED += [{"externalId": "P6"}]


def guid(n: int) -> str:
    return f"{n:08x}-aaaa-4bbb-8ccc-dddddddddddd"


def payment(n: int, referral: bool, **more: Any) -> dict[str, Any]:
    given = {
        "id": guid(n),
        "msisdn": STRANGER,
        "amount": "100.25",
        "firstname": "F",
        "lastname": "L",
        "createdAt": AT.format(1),
    }
    referred = {"externalId": f"p{n}", "referralAmount": "5.50", "referralMsisdn": PAYEE} if referral else {}
    return given | referred | more


def batch(n: int, *payments: Mapping[str, Any], **more: Any) -> dict[str, Any]:
    made = {"id": guid(n), "name": "N", "externalId": f"e{n}", "createdAt": AT.format(2), "payments": list(payments)}
    return made | more


def world_of(referral: bool) -> dict[str, Any]:
    settled = {"status": "SETTLED", "settledAt": "2026-03-04T00:00:00.4774Z", "since": AT.format(4)}
    pending, cancelled = {"status": "PENDING", "since": AT.format(4)}, {"status": "CANCELLED", "since": AT.format(4)}
    return {
        "tokens": [{"token": "demo", "expiresAt": "2036-01-01T00:00:00Z"}],
        "organisation": {"referrals": referral},
        "accounts": [{"name": "A", "balance": 9000, "currencyCode": "DUSD"}, {"name": "B", "balance": 5000}],
        "members": [PAYEE],
        "batches": [
            batch(11, payment(1, referral), payment(2, referral, msisdn=PAYEE, isMember=False)),
            batch(12, payment(3, referral, **settled), payment(4, referral, **pending), payment(5, referral, **cancelled),
                  status="OPEN", since=AT.format(4), createdAt=AT.format(3)),
            batch(13, payment(6, referral, **cancelled), status="CANCELLED", createdAt=AT.format(5)),
            batch(14, payment(7, referral, **settled), status="CLOSED", createdAt=AT.format(6)),
            batch(15, owner="another", createdAt=AT.format(7)),
            batch(16, createdAt="2026-03-08T00:00:00.1254Z", externalId="odd"),
        ],
    }  # fmt: skip


def requests() -> Iterator[tuple[str, str, Any]]:
    for n in range(11, 17):
        yield from (("GET", f"/batches/{guid(n)}{path}", None) for path in ("", "/payments"))
        yield from (("POST", f"/batches/{guid(n)}/{verb}", None) for verb in ("cancel", "submit"))
    for n in range(1, 8):
        yield from ((method, f"/payments/{guid(n)}", None) for method in ("GET", "DELETE"))
    for query in (
        "", "statusCode=OPEN", "statusCode=open", "statusCode=CANCELLED", "statusCode=", "statusCode=FOO", "externalId=e11",
        "externalId=E12", "externalId=", "skip=1", "take=1", "take=0", "skip=x", "statusCode=OPEN&statusCode=DRAFT",
    ):  # fmt: skip
        yield "GET", f"/batches?{query}", None
    for path in ("/accounts", "/batches/statusCodes", "/batch/statusCodes", f"/members/{PAYEE}/exists", "/members/x/exists"):
        yield "GET", path, None
    for body in BODIES:
        yield "PUT", f"/batches/{guid(11)}", body
        yield "POST", "/batches", {"name": "k", **body}
    for more in ADDED:
        added = {"clearExisting": False, "payments": [{"msisdn": PAYEE, "amount": 1, **more}]}
        yield "POST", f"/batches/{guid(11)}/payments", added


@pytest.fixture(params=[True, False], ids=["with referrals", "without"])
def referral(request: pytest.FixtureRequest) -> bool:
    return bool(request.param)


def answers(live: Live, given: Mapping[str, Any], wanted: Mapping[int, tuple[str, str, Any]], assume: Mapping[str, str]) -> Any:
    """Yield the number, the reply, and the entry in the journal of each request, each in a world that is as it was at first."""
    world = live.load({"clock": {"start": "2026-03-10T00:00:00.127Z"}, "assume": assume, "given": {"6dot50": given}})
    headers = {"authorization": "Bearer demo", "emulator-world": world.id}
    with httpx.Client(base_url=f"{live.url}/za/pay", headers=headers) as client:
        for number, (method, path, body) in wanted.items():
            world.control.post(f"/_emulator/worlds/{world.id}/reset").raise_for_status()
            reply = client.request(method, path, json=body) if body is not None else client.request(method, path)
            yield number, (reply.status_code, reply.content), reply.headers["emulator-basis"], world


def consulted(world: Any) -> set[str]:
    told = world.control.get(f"/_emulator/worlds/{world.id}/journal/last/explain").json()
    return {it["id"] for it in told["assumptions"]}


def test_what_an_assumption_makes_different_is_inferred(live: Live, referral: bool) -> None:
    given, wanted = world_of(referral), dict(enumerate(requests()))
    usual, asked = {}, {}
    for number, reply, basis, world in answers(live, given, wanted, {}):
        usual[number], asked[number] = (reply, basis), consulted(world)
    assert any(basis == "documented" for _, basis in usual.values())
    wrong = []
    for assumption, choices in CHOICES.items():
        concerned = {number: wanted[number] for number, ids in asked.items() if assumption in ids}
        for choice in choices if concerned else ():
            for number, reply, basis, _ in answers(live, given, concerned, {assumption: choice}):
                was, by_default = usual[number]
                bases = {basis} if assumption in MARKS else {basis, by_default}
                if reply != was and "documented" in bases:
                    wrong.append((assumption, choice, wanted[number], by_default, basis))
    assert wrong == []
