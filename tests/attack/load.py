"""State under load: many clients act on a few worlds at once, with faults and jumps of the clock, and audits in between."""

from __future__ import annotations

import json
import random
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from tests.attack.laws import broken_laws
from tests.attack.served import Client, Findings, Server

CLIENTS, WORLDS, LIFE = 8, 3, 600
"""Clients at once, the worlds that they share, and the requests after which these are made anew."""

DEPOSIT = 100_000
PAYEES = ("27821231234", "27829990000", "27825550000")
STATE: dict[str, Any] = {
    "serpwow": {"account": {"credits_limit": 4000}, "batches": [{"repeat": 5, "status": "queued", "searches": 7}]},
    "stripe": {"batch_jobs": [{"repeat": 4, "status": "in_progress", "rows": 10}]},
    "6dot50": {"accounts": [{"name": "Acme", "balance": DEPOSIT}], "members": [PAYEES[0]]},
}
FAULTS: tuple[dict[str, Any], ...] = (
    {"do": "drop", "where": "after-commit"},
    {"do": "reset", "where": "after-reply"},
    {"do": "status", "status": 500, "where": "before-auth"},
    {"do": "delay", "delay": "5ms", "clock": "real", "where": "after-commit"},
)
FAULTY_OPERATIONS = ("serpwow.batches.stop", "serpwow.batches.stopall", "stripe.batch_jobs.cancel", "6dot50.batches.cancel")


@dataclass
class Account:
    """A world that several clients use, its credentials, and ids that were seen in it."""

    id: str
    stripe: str
    pay: str
    ids: dict[str, list[str]]


def under_load(server: Server, seed: int, seconds: float) -> Findings:
    """Let clients act at once until the time is over."""
    findings, end, life = Findings(), time.monotonic() + seconds, 0
    while time.monotonic() < end and not findings.found:
        worlds = [_world(server.client(), f"load-{seed}-{life}-{n}", seed + n) for n in range(WORLDS)]
        with ThreadPoolExecutor(CLIENTS) as pool:
            lives = [pool.submit(_live, server, worlds, random.Random(f"{seed}/{life}/{n}"), end) for n in range(CLIENTS)]
        for done in lives:
            findings.tried += done.result().tried
            findings.found += done.result().found
        for world in worlds:
            server.client().control("DELETE", f"/worlds/{world.id}")
        life += 1
    return findings


def _world(client: Client, id: str, seed: int) -> Account:
    scenario = {"title": "Under load", "given": STATE}
    status, made = client.control("POST", "/worlds", {"id": id, "seed": seed, "scenario": scenario})
    if status != 201:
        raise AssertionError(f"no world: {status} {made}")
    pay = {name: made["credentials"]["6dot50"][name] for name in ("key", "secret")}
    _, token = client.ask("POST", "/za/pay/authentication/getToken", pay, {"Emulator-World": id, **JSON})
    return Account(id, made["credentials"]["stripe"]["api_key"], json.loads(token)["token"], {"S": [], "J": [], "P": []})


JSON = {"Content-Type": "application/json"}


def _live(server: Server, worlds: list[Account], draw: random.Random, end: float) -> Findings:
    findings, client = Findings(), server.client()
    for _ in range(LIFE // CLIENTS):
        if time.monotonic() > end:
            break
        world = draw.choice(worlds)
        act = draw.choice(ACTS)
        try:
            act(client, world, draw)
        except Strange as strange:
            findings.find(f"{world.id}: {strange}")
        except TimeoutError:
            findings.find(f"{world.id}: no answer to {act.__name__}")
        findings.tried += 1
        if draw.random() < 0.1:
            findings.found += audit(server.client(), world.id)  # a fault may have cut this client's connection
    return findings


class Strange(Exception):
    """An answer that nobody should hear."""


def audit(client: Client, world: str) -> list[str]:
    """Return every law that the world breaks now, and whether its state makes another world of the same state.

    A fork is looked at, in which nobody acts meanwhile.
    """
    fork, again = (f"{world}-{name}-{id(client)}" for name in ("fork", "again"))
    status, body = client.control("POST", f"/worlds/{world}/fork", {"id": fork})
    if status != 201:
        return [f"{world}: it cannot be forked: {status} {body}"]
    try:
        return [f"{world}: {problem}" for problem in _audit_alone(client, fork, again)]
    finally:
        client.control("DELETE", f"/worlds/{fork}")


def _audit_alone(client: Client, world: str, again: str) -> list[str]:
    _, clock = client.control("GET", f"/worlds/{world}/clock")
    status, state = client.control("GET", f"/worlds/{world}/state")
    if status != 200:
        return [f"the state cannot be seen: {status} {state}"]
    problems = broken_laws(state, Decimal(DEPOSIT))
    scenario = {"title": "Again", "clock": {"start": clock["now"]}, "given": state}
    status, body = client.control("POST", "/worlds", {"id": again, "scenario": scenario, "claim": False})
    if status == 201:
        client.control("DELETE", f"/worlds/{again}")
    else:
        problems.append(f"the state cannot be given again: {status} {body}")
    return problems


def _ask(client: Client, world: Account, method: str, path: str, body: Any = None, **headers: str) -> Any:
    status, content = client.ask(method, path, body, {"Emulator-World": world.id, **JSON, **headers})
    if status >= 500 and b'"code":"internal"' in content:
        raise Strange(f"{method} {path} {body}: {status} {content[:500]!r}")
    try:
        return json.loads(content) if content else {}
    except ValueError:
        raise Strange(f"{method} {path} {body}: {status}, not JSON: {content[:500]!r}") from None


def _serpwow(client: Client, world: Account, draw: random.Random) -> None:
    if not (ids := world.ids["S"]) or draw.random() < 0.2:
        searches = [{"q": "x"}] * draw.randint(0, 5)
        body = {"name": "n", "schedule_type": "manual", "searches": searches}
        response = _ask(client, world, "POST", "/live/batches?api_key=k", body)
        ids += [response["batch"]["id"]] if "batch" in response else []
        return
    id, verb = draw.choice(ids), draw.choice(("start", "stop", "stop", "delete", "get"))
    if verb == "delete":
        _ask(client, world, "DELETE", f"/live/batches/{id}?api_key=k")
    else:
        _ask(client, world, "GET", f"/live/batches/{id}{'' if verb == 'get' else '/' + verb}?api_key=k")


def _stop_all(client: Client, world: Account, draw: random.Random) -> None:
    _ask(client, world, "GET", draw.choice(("/live/batches/stopall?api_key=k", "/live/batches?api_key=k&page=1")))


def _stripe(client: Client, world: Account, draw: random.Random) -> None:
    headers = {"Authorization": f"Bearer {world.stripe}", "Stripe-Version": "2026-03-25.preview"}
    if draw.random() < 0.3:
        headers["Idempotency-Key"] = f"k{draw.randint(0, 30)}"
    if not (ids := world.ids["J"]) or draw.random() < 0.2:
        endpoint = {"path": "/v1/customers/:customer", "http_method": "post"}
        job = _ask(
            client,
            world,
            "POST",
            "/v2/core/batch_jobs",
            {"endpoint": endpoint, "skip_validation": draw.random() < 0.5, "metadata": {}},
            **headers,
        )
        ids += [job["id"]] if "id" in job else []
        url = (job.get("status_details") or {}).get("ready_for_upload", {}).get("upload_url", {}).get("url", "")
        if url and draw.random() < 0.7:
            row = {"id": "r", "path_params": {"customer": "cus_1"}, "params": {"description": "x"}}
            rows = "".join(json.dumps({**row, "id": f"r{n}"}) + "\n" for n in range(draw.randint(1, 9)))
            client.ask("PUT", "/_files/" + url.partition("/_files/")[2], rows)
        return
    id = draw.choice(ids)
    if draw.random() < 0.7:
        _ask(client, world, "POST", f"/v2/core/batch_jobs/{id}/cancel", **headers)
    else:
        _ask(client, world, "GET", f"/v2/core/batch_jobs/{id}", **headers)


def _pay(client: Client, world: Account, draw: random.Random) -> None:
    headers = {"Authorization": f"Bearer {world.pay}"}
    if not (ids := world.ids["P"]) or draw.random() < 0.3:
        batch = _ask(client, world, "POST", "/za/pay/batches", {"name": "March"}, **headers)
        ids += [batch["id"]] if "id" in batch else []
        return
    at = f"/za/pay/batches/{draw.choice(ids)}"
    if draw.random() < 0.5:
        payments = [{"msisdn": draw.choice(PAYEES), "amount": draw.randint(1, 900) / 100} for _ in range(draw.randint(1, 4))]
        _ask(client, world, "POST", f"{at}/payments", {"clearExisting": draw.random() < 0.5, "payments": payments}, **headers)
    else:
        _ask(client, world, "POST", f"{at}/{draw.choice(('submit', 'cancel'))}", **headers)


def _time(client: Client, world: Account, draw: random.Random) -> None:
    client.control("POST", f"/worlds/{world.id}/clock/advance", {"by": draw.choice(("1s", "5s", "1h", "2d"))})


def _fault(client: Client, world: Account, draw: random.Random) -> None:
    client.control(
        "POST", f"/worlds/{world.id}/faults", {"at": draw.choice(FAULTY_OPERATIONS), "times": 1, **draw.choice(FAULTS)}
    )


def _look(client: Client, world: Account, draw: random.Random) -> None:
    views = ("journal", "ledger", "diff", "faults", "pending", "journal/last/explain", "snapshots", "held")
    path = f"/worlds/{world.id}/{draw.choice(views)}"
    status, body = client.control("GET", path)
    if status >= 500:
        raise Strange(f"GET {path}: {status} {body}")


def _back(client: Client, world: Account, draw: random.Random) -> None:
    at = f"/worlds/{world.id}"
    way: tuple[str, Any] = draw.choice(
        (
            ("snapshots", {"name": f"s{draw.randint(0, 2)}"}),
            ("restore", {"snapshot": f"s{draw.randint(0, 2)}"}),
            ("undo", {"exchanges": draw.randint(1, 3)}),
            ("fork", {"id": f"{world.id}-fork-{id(client)}"}),
        )
    )
    status, body = client.control("POST", f"{at}/{way[0]}", way[1])
    if status >= 500:
        raise Strange(f"POST {at}/{way[0]} {way[1]}: {status} {body}")
    if way[0] == "fork":
        client.control("DELETE", f"/worlds/{way[1]['id']}")


Handler = Callable[[Client, Account, random.Random], None]
ACTS: tuple[Handler, ...] = (
    *(_serpwow,) * 5,
    _stop_all,
    *(_stripe,) * 5,
    *(_pay,) * 5,
    *(_time,) * 2,
    _fault,
    *(_look,) * 2,
    _back,
)
