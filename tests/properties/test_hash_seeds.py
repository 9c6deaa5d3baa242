"""The hashes of texts, which differ in each process, decide about no byte that somebody sees."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import Any

from emulator.client.in_process import InProcessClient
from emulator.vendors import VENDORS
from tests.support.loading import LIBRARY
from tests.support.transcripts import transcript

SCENARIOS = ("stripe/cancel-in-progress", "serpwow/stopall-23", "6dot50/amounts-are-exact")
KEYS = [f"{letter}{n}" for letter in "abc" for n in range(9)]
WRONG = dict.fromkeys(KEYS, 1)
WHOLE: dict[str, Any] = {
    "title": "Wrong",
    **WRONG,
    "assume": WRONG,
    "timing": WRONG,
    "credentials": {name: ["one", "two"] for name in VENDORS} | WRONG,
    "faults": [{"at": "serpwow", "do": "drop", **WRONG}, WRONG],
    "given": {name: {"account": WRONG, "batches": [WRONG], "batch_jobs": [WRONG]} | WRONG for name in VENDORS} | WRONG,
    "timeline": [{"at": "1s", "set": WRONG}, WRONG],
    "steps": [{"request": "GET /a/{b}/{c}/{d}", "status": 2, **WRONG}, WRONG],
}
EVENTBRIDGE, EVENT_GRID = {"aws_account_id": "1" * 12, "aws_region": "eu-west-1"}, {"azure_region": "a"}
CLOUDS = {"event_destinations": [{"amazon_eventbridge": EVENTBRIDGE, "azure_event_grid": EVENT_GRID}]}
REQUESTS = [
    ("POST", "/_emulator/worlds", {"scenario": WHOLE}),
    ("POST", "/_emulator/worlds", {"scenario": {"title": "Clouds", "given": {"stripe": CLOUDS}}}),
    ("PATCH", "/_emulator/worlds/default/state", {"stripe": CLOUDS}),
    ("PATCH", "/_emulator/worlds/default/state", WRONG),
    ("POST", "/_emulator/worlds/default/faults", WRONG),
    ("POST", "/_emulator/worlds/default/verify", WRONG),
    ("POST", "/v2/core/batch_jobs", WRONG),
    ("POST", "/za/pay/batch", WRONG),
    ("POST", "/live/batches?api_key=k", WRONG),
    ("GET", "/_emulator/openapi.json", None),
]


def test_two_processes_with_other_hashes_of_texts_say_the_same() -> None:
    one, other = map(_process, ("1", "2"))
    said, again = one.communicate()[0], other.communicate()[0]
    assert (one.returncode, other.returncode) == (0, 0)
    assert said.splitlines() == again.splitlines()
    assert said.count("<") > len(REQUESTS)


def _process(seed: str) -> subprocess.Popen[str]:
    environ = {**os.environ, "PYTHONHASHSEED": seed}
    return subprocess.Popen([sys.executable, "-m", __name__], env=environ, stdout=subprocess.PIPE, text=True)


def _say_much() -> None:
    """Write what a server says to mistakes, and the transcripts of some scenarios."""
    client = InProcessClient()
    for method, path, body in REQUESTS:
        response = client.send(method, path.encode(), (), json.dumps(body).encode() if body else None)
        sys.stdout.write(f"< {method} {path} {response.status} {response.headers!r} {response.text}\n")
    for name in SCENARIOS:
        sys.stdout.write("\n".join(transcript(LIBRARY.get(name))))


if __name__ == "__main__":
    _say_much()
