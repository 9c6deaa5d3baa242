"""Secrets by generation: each name, spelling, place and encoding, sent to either plane; then everything that is told is read."""

from __future__ import annotations

import random
import time
from urllib.parse import quote

from tests.attack.load import JSON
from tests.attack.served import Client, Findings, Server
from tests.support.secret_texts import AWKWARD, KNOWN_WHEN_CUT, NAMES, PLAIN, SPELLINGS, TAIL, TEXTS

VIEWS = ("journal", "journal/last", "journal/last/explain", "ledger", "diff", "unmatched", "held", "faults")
HEADERS = ("Referer", "X-Original-URL", "X-Forwarded-Uri", "Cookie", "X-Anything", "User-Agent")
FORM = "application/x-www-form-urlencoded"
TYPES = ("application/json", FORM, "multipart/form-data; boundary=limit", "text/plain")


def by_generation(server: Server, seed: int, seconds: float) -> Findings:
    """Send secrets in all ways until the time is over, and look for them wherever anything is told of a request."""
    findings, draw, client, end = Findings(), random.Random(seed), server.client(), time.monotonic() + seconds
    while time.monotonic() < end:
        name, spelling = draw.choice(NAMES), draw.choice(list(SPELLINGS.values()))
        place, value = draw.choice(list(TEXTS)), draw.choice((PLAIN, AWKWARD))
        text = TEXTS[place](spelling(name), value)
        is_cut = place in KNOWN_WHEN_CUT and draw.random() < 0.3
        client.control("POST", "/worlds/default/reset")
        answers = [
            _send(client, draw, place, text[: draw.randint(1, len(text))] if is_cut else text),
            *(_look(client, view) for view in VIEWS),
        ]
        findings.tried += 1
        if any(TAIL.encode() in answer for answer in answers):
            findings.find(f"{spelling(name)} in a {place} can be read: {text[:300]!r}")
    if TAIL in server.log():
        findings.find("a secret is in the server's log")
    return findings


def _send(client: Client, draw: random.Random, place: str, piece: str) -> bytes:
    """Send a text in a target, a body or a header, and return the refusal of ours, if it is one.

    One that is percent-encoded is sent as a form only if it is one: a form is decoded before it is shown.
    """
    if piece.startswith("/") and draw.random() < 0.5:
        status, answer = client.ask("GET", quote(f"/live/account{piece[2:]}", safe="/?&=%#;:@+,"))
    elif "\n" not in piece and (place.endswith("in a header") or draw.random() < 0.3):
        headers = {draw.choice(HEADERS): quote(piece, safe=" /?&=%#;:@+,\"'{}[]<>\\")}
        status, answer = client.ask("GET", "/live/account?api_key=demo", None, headers)
    else:
        path = draw.choice(("/live/batches?api_key=demo", "/v2/core/batch_jobs", "/za/pay/batches", "/nowhere"))
        types = [each for each in TYPES if each != FORM or "%" not in piece or "form" in place]
        status, answer = client.ask("POST", path, piece.encode(), {**JSON, "Content-Type": draw.choice(types)})
    return answer if status >= 400 and b"emulator_error" in answer else b""


def _look(client: Client, view: str) -> bytes:
    _, answer = client.ask("GET", f"/_emulator/worlds/default/{view}")
    return answer
