"""Bodies of very many keys, values or letters from many clients at once; each is answered, and nobody else waits for them."""

from __future__ import annotations

import json
import random
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from tests.attack.load import JSON
from tests.attack.served import Findings, Server

CLIENTS = 40
STRIPE = {"Authorization": "Bearer sk_test_1", "Stripe-Version": "2026-03-25.preview", **JSON}
YAML = {"Content-Type": "application/yaml"}
Sent = tuple[str, str, bytes, dict[str, str]]


def many_wide(server: Server, seed: int, seconds: float) -> Findings:
    """Let clients send wide bodies at once until the time is over."""
    findings, end = Findings(), time.monotonic() + seconds
    with ThreadPoolExecutor(CLIENTS) as pool:
        for tried, wrong in pool.map(lambda n: _send(server, random.Random(f"{seed}/{n}"), end), range(CLIENTS)):
            findings.tried += tried
            for it in wrong:
                findings.find(it)
    return findings


def _send(server: Server, draw: random.Random, end: float) -> tuple[int, list[str]]:
    client, tried, wrong = server.client(), 0, list[str]()
    while time.monotonic() < end:
        method, path, body, headers = draw.choice(BODIES)(draw)
        try:
            status, content = client.ask(method, path, body, headers)
        except TimeoutError:  # forty of them share one core: they may wait for long, others may not
            client = server.client()
            continue
        tried += 1
        if status not in ANSWERS:
            wrong.append(f"{method} {path} of {len(body)} bytes, {body[:60]!r}: {status} {content[:200]!r}")
    return tried, wrong


ANSWERS = (0, 200, 201, 400, 404, 413, 422, 429)
"""Statuses of answers; 0 where the connection was cut, as a refusal by size does before all is sent."""


def _keys(count: int) -> bytes:
    return json.dumps({f"k{n}": n for n in range(count)}, separators=(",", ":")).encode()


def _to_serpwow(draw: random.Random) -> Sent:
    return "POST", "/live/batches?api_key=k", _keys(draw.choice((15_000, 60_000, 120_000, 240_000))), JSON


def _searches(draw: random.Random) -> Sent:
    search = {f"key{n}": "v" for n in range(draw.choice((5, 15, 150)))}
    body = {"name": "Wide", "searches": [{**search, "q": f"{n}"} for n in range(draw.choice((100, 1_000, 15_000)))]}
    content = json.dumps(body).encode()
    return "POST", "/live/batches?api_key=k", content[:3_900_000], JSON


def _destinations(draw: random.Random) -> Sent:
    body = {"name": "Wide", "destination_ids": [f"{n:08X}" for n in range(draw.choice((1_000, 100_000, 240_000)))]}
    return "POST", "/live/batches?api_key=k", json.dumps(body).encode()[:3_900_000], JSON


def _form(draw: random.Random) -> Sent:
    body = "&".join(f"k{n}=1" for n in range(draw.choice((10_000, 100_000, 300_000)))).encode()
    return "POST", "/live/batches?api_key=k", body, {"Content-Type": "application/x-www-form-urlencoded"}


def _to_stripe(draw: random.Random) -> Sent:
    body = {"endpoint": {}, "metadata": {f"k{n}": "v" for n in range(draw.choice((10_000, 60_000, 240_000)))}}
    return "POST", "/v2/core/batch_jobs", json.dumps(body).encode()[:3_900_000], STRIPE


def _to_pay(draw: random.Random) -> Sent:
    count = draw.choice((1_000, 20_000, 60_000))
    body = {"payments": [{"msisdn": f"2782{n:07}", "amount": 1} for n in range(count)], **json.loads(_keys(count))}
    return (
        "POST",
        "/za/pay/batches/none/payments",
        json.dumps(body).encode()[:3_900_000],
        {"Authorization": "Bearer demo", **JSON},
    )


def _to_control(draw: random.Random) -> Sent:
    path, count = draw.choice(("/worlds", "/worlds/default/faults", "/worlds/default/verify")), draw.choice((10_000, 90_000))
    return "POST", f"/_emulator{path}", _keys(count)[:999_999], JSON


def _yaml_to_control(draw: random.Random) -> Sent:
    body = "".join(f"k{n}: 1\n" for n in range(draw.choice((1_000, 5_000, 20_000)))).encode()
    return "POST", "/_emulator/worlds", body[:999_999], YAML


def _patch(draw: random.Random) -> Sent:
    keys = json.loads(_keys(draw.choice((10_000, 60_000))))
    body = draw.choice(({"serpwow": keys}, keys, {"serpwow": {"account": keys}}, {"serpwow": {"batches": {"A" * 8: keys}}}))
    return "PATCH", "/_emulator/worlds/default/state", json.dumps(body).encode()[:999_999], JSON


def _letters(draw: random.Random) -> Sent:
    text = draw.choice(("x", "a:", "\u00e9", "/a ", '"', "\\", "%41"))
    body = {"name": text * draw.choice((10_000, 1_000_000))}
    return "POST", "/live/batches?api_key=k", json.dumps(body).encode()[:3_999_000], JSON


BODIES: tuple[Callable[[random.Random], Sent], ...] = (
    *(_to_serpwow, _searches, _destinations, _form, _to_stripe, _to_pay),
    *(_to_control, _yaml_to_control, _patch, _letters),
)
