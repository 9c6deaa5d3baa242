"""Deeds of clients: requests to vendors and to the control plane, drawn for one world by what was answered so far."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from tests.attack.load import FAULTY_OPERATIONS, PAYEES, STATE
from tests.attack.served import Client

JSON = {"Content-Type": "application/json", "Host": "localhost"}
VERSION = "2026-03-25.preview"
FAULTS: tuple[dict[str, Any], ...] = (
    {"do": "drop", "where": "after-commit"},
    {"do": "drop", "where": "before-commit"},
    {"do": "status", "status": 500, "where": "before-auth"},
)
"""Faults of which one can tell what their client hears, to the byte. None holds a request up: such a fault stays counted where the
server dies meanwhile, though the request has not happened."""


SNAPSHOTS = ("s0", "s1", "s2")


class Deed(NamedTuple):
    """A request."""

    method: str
    path: str
    body: Any = None
    headers: Mapping[str, str] = {}

    def ask(self, client: Client) -> tuple[int, bytes]:
        """Ask for it; return status and body, status 0 where no whole answer came."""
        return client.ask(self.method, self.path, self.body, dict(self.headers))


@dataclass
class Known:
    """What is known of a world: its credentials, and ids, tokens and names that were seen in it."""

    world: str
    stripe: str = ""
    pay: Mapping[str, str] = field(default_factory=dict)
    tokens: list[str] = field(default_factory=list)
    batches: list[str] = field(default_factory=list)
    jobs: list[str] = field(default_factory=list)
    uploads: list[str] = field(default_factory=list)
    payouts: list[str] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    snapshots: list[str] = field(default_factory=list)

    def learn(self, deed: Deed, content: bytes) -> None:
        """Note what an answer tells."""
        try:
            answer = json.loads(content)
        except ValueError:
            return
        if not isinstance(answer, dict):
            return
        if "credentials" in answer:
            self.stripe = answer["credentials"]["stripe"]["api_key"]
            self.pay = {name: answer["credentials"]["6dot50"][name] for name in ("key", "secret")}
        if "token" in answer:
            self.tokens.append(answer["token"])
        if deed.method == "POST":
            self._learn_id(deed.path, answer)

    def _learn_id(self, path: str, answer: dict[str, Any]) -> None:
        if "batch" in answer:
            self.batches.append(answer["batch"]["id"])
        elif path == "/v2/core/batch_jobs" and "id" in answer:
            self.jobs.append(answer["id"])
            details = (answer.get("status_details") or {}).get("ready_for_upload", {})
            if url := details.get("upload_url", {}).get("url"):
                self.uploads.append("/_files/" + url.partition("/_files/")[2])
        elif path.endswith("/pay/batches") and "id" in answer:
            self.payouts.append(answer["id"])
        elif path.endswith("/faults") and "id" in answer:
            self.faults.append(answer["id"])
        elif path.endswith("/snapshots") and "name" in answer:
            self.snapshots.append(answer["name"])


def making(world: str, seed: int, **clock: Any) -> Deed:
    """Return the request that makes a world."""
    scenario: dict[str, Any] = {"title": "To be killed", "given": STATE}
    if clock:
        scenario["clock"] = clock
    return Deed("POST", "/_emulator/worlds", {"id": world, "seed": seed, "scenario": scenario, "claim": False}, JSON)


def serpwow(known: Known, draw: random.Random) -> Deed:
    headers = {**JSON, "Emulator-World": known.world}
    if not known.batches or draw.random() < 0.3:
        searches = [{"q": "x"}] * draw.randint(0, 4)
        return Deed("POST", "/live/batches?api_key=k", {"name": "n", "schedule_type": "manual", "searches": searches}, headers)
    id, verb = draw.choice(known.batches[-5:]), draw.choice(("start", "start", "stop", "stop", "delete", "get", "all", "list"))
    if verb == "delete":
        return Deed("DELETE", f"/live/batches/{id}?api_key=k", None, headers)
    paths = {"get": f"/live/batches/{id}", "all": "/live/batches/stopall", "list": "/live/account"}
    return Deed("GET", f"{paths.get(verb, f'/live/batches/{id}/{verb}')}?api_key=k", None, headers)


def stripe(known: Known, draw: random.Random) -> Deed:
    headers = {**JSON, "Authorization": f"Bearer {known.stripe}", "Stripe-Version": VERSION}
    if draw.random() < 0.6:
        headers["Idempotency-Key"] = f"k{draw.randint(0, 12)}"
    if known.uploads and draw.random() < 0.3:
        row = {"path_params": {"customer": "cus_1"}, "params": {"description": "x"}}
        rows = "".join(json.dumps({**row, "id": f"r{n}"}) + "\n" for n in range(draw.randint(1, 5)))
        return Deed("PUT", draw.choice(known.uploads), rows, {"Host": "localhost"})
    if not known.jobs or draw.random() < 0.4:
        endpoint = {"path": "/v1/customers/:customer", "http_method": "post"}
        body = {"endpoint": endpoint, "skip_validation": draw.random() < 0.5, "metadata": {"n": str(draw.randint(0, 3))}}
        return Deed("POST", "/v2/core/batch_jobs", body, headers)
    at = f"/v2/core/batch_jobs/{draw.choice(known.jobs[-5:])}"
    return Deed("POST", f"{at}/cancel", None, headers) if draw.random() < 0.7 else Deed("GET", at, None, headers)


def pay(known: Known, draw: random.Random) -> Deed:
    if not known.tokens or draw.random() < 0.1:
        headers = {**JSON, "Emulator-World": known.world}
        return Deed("POST", "/za/pay/authentication/getToken", dict(known.pay), headers)
    headers = {**JSON, "Emulator-World": known.world, "Authorization": f"Bearer {draw.choice(known.tokens)}"}
    if not known.payouts or draw.random() < 0.3:
        return Deed("POST", "/za/pay/batches", {"name": "March"}, headers)
    at = f"/za/pay/batches/{draw.choice(known.payouts[-4:])}"
    if draw.random() < 0.5:
        payments = [{"msisdn": draw.choice(PAYEES), "amount": draw.randint(1, 900) / 100} for _ in range(draw.randint(1, 3))]
        return Deed("POST", f"{at}/payments", {"clearExisting": draw.random() < 0.5, "payments": payments}, headers)
    return Deed("POST", f"{at}/{draw.choice(('submit', 'cancel'))}", None, headers)


def control(known: Known, draw: random.Random) -> Deed:
    """Return what a test does with a world: its time, faults, replies, state, events, snapshots and ways back."""
    at = f"/_emulator/worlds/{known.world}"
    fault = {"at": draw.choice(FAULTY_OPERATIONS), "times": 1, **draw.choice(FAULTS)}
    reply = {"at": "serpwow.account.get", "status": 418, "body": {"tea": draw.randint(0, 9)}, "times": 1}
    event = {"after": "1h", "change": {"serpwow": {"account": {"credits_limit": draw.randint(4_000, 5_000)}}}}
    ways: tuple[tuple[str, str, Any], ...] = (
        ("POST", "/clock/advance", {"by": draw.choice(("1s", "5s", "1h", "2d"))}),
        ("POST", "/clock/advance", {"until": "next"}),
        ("PATCH", "/clock", {"rate": "frozen"}),
        ("POST", "/faults", fault),
        ("DELETE", f"/faults/{draw.choice(known.faults or ['f1'])}", None),
        ("POST", "/replies", reply),
        ("POST", "/timeline", event),
        ("PATCH", "/state", {"serpwow": {"account": {"credits_limit": draw.randint(4_000, 5_000)}}}),
        ("POST", "/snapshots", {"name": draw.choice(SNAPSHOTS)}),
        ("DELETE", f"/snapshots/{draw.choice(SNAPSHOTS)}", None),
        ("DELETE", "/journal", None),
    )
    method, path, body = draw.choice(ways)
    return Deed(method, at + path, body, JSON)


def back(known: Known, draw: random.Random) -> Deed:
    """Return a way back into the past of a world."""
    at = f"/_emulator/worlds/{known.world}"
    ways: tuple[tuple[str, Any], ...] = (
        ("/undo", {"exchanges": draw.randint(1, 4)}),
        ("/restore", {"name": draw.choice(SNAPSHOTS)}),
        ("/restore", {"name": f"entry/{draw.randint(1, 60)}"}),
        ("/reset", None),
        ("/reset", {"scenario": {"title": "Another", "given": STATE}, "seed": draw.randint(1, 9)}),
    )
    path, body = draw.choice(ways)
    return Deed("POST", at + path, body, JSON)


Draw = Callable[[Known, random.Random], Deed]
OFTEN: tuple[Draw, ...] = (*(serpwow,) * 6, *(stripe,) * 6, *(pay,) * 6, *(control,) * 5)
"""Draws of deeds, each as often as it is wanted."""
