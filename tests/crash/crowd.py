"""A world with a clock that may run, in which many clients act at once: each request is in its journal once, or never."""

from __future__ import annotations

import json
import random
from collections import Counter
from contextlib import closing, suppress
from datetime import datetime
from decimal import Decimal
from itertools import count
from typing import Any

from tests.attack.laws import broken_laws
from tests.attack.load import DEPOSIT
from tests.attack.served import Client
from tests.crash.deeds import Deed, Known, making, pay, serpwow, stripe
from tests.crash.lives import UNAVAILABLE, Cut, Tally
from tests.crash.victim import Victim

DRAWS = (serpwow, stripe, pay)


class Crowd:
    """Clients of one world, which may act at once, and what each request of theirs came to."""

    def __init__(self, world: str, victim: Victim, seed: int, rate: float | str = "frozen") -> None:
        self.tally = Tally()
        self._world, self._victim, self._seed = world, victim, seed
        self._rate = rate
        self._known = Known(world)
        self._numbers = count(1)
        self._answered: dict[str, int] = {}
        self._refused: set[str] = set()
        self._in_doubt: dict[str, Deed] = {}
        self._ids: Counter[str] = Counter()
        self._now = ""
        self.is_made = False

    def make(self, client: Client) -> bool:
        """Make the world, unless it is there; return whether it is now."""
        if not self.is_made:
            deed = making(self._world, self._seed, rate=self._rate)
            status, content = deed.ask(client)
            if status == 409:
                status, content = client.ask("GET", f"/_emulator/worlds/{self._world}", None, {"Host": "localhost"})
            self.is_made = status in (200, 201)
            if self.is_made:
                self._known.learn(deed, content)
        return self.is_made

    def act(self, client: Client, draw: random.Random, deeds: int = 1_000_000) -> None:
        """Act, a deed after the other, until the server dies or so many were done. The client is closed after that."""
        with closing(client), suppress(Cut):
            for _ in range(deeds):
                if not self.make(client):
                    return
                self._do(client, draw.choice(DRAWS)(self._known, draw))

    def _do(self, client: Client, deed: Deed, tag: str = "") -> None:
        tag = tag or f"t{next(self._numbers)}"
        headers = {**deed.headers, "X-Tag": tag}
        if deed.path == "/v2/core/batch_jobs" and deed.method == "POST":
            headers["Idempotency-Key"] = deed.body["metadata"]["n"] = tag
        deed = deed._replace(headers=headers)
        self._in_doubt[tag] = deed
        status, content = deed.ask(client)
        if status == 0:
            if self._victim.is_dying:
                self.tally.in_doubt += 1
                raise Cut
            self.tally.find(f"{self._world}: {deed} is cut, and nobody killed the server")
        elif status == 503 and UNAVAILABLE in content:
            self.tally.refused += 1
            self._refused.add(tag)
        else:
            self._answered[tag] = status
            self.tally.answered += 1
            self._known.learn(deed, content)
        del self._in_doubt[tag]

    def audit(self, client: Client) -> None:
        """Compare the world with what was answered, and then ask again what is in doubt and has a key of idempotency."""
        if not self.make(client):
            return
        self._audit_journal(client)
        self._audit_time(client)
        doubtful, self._in_doubt = self._in_doubt, {}
        for tag, deed in doubtful.items():
            if "Idempotency-Key" in deed.headers and deed.path == "/v2/core/batch_jobs":
                self._audit_once(client, deed._replace(headers={**deed.headers, "X-Tag": f"{tag}-again"}), tag)
            else:
                self._refused.discard(tag)
        self._audit_state(client)

    def _audit_journal(self, client: Client) -> None:
        entries = self._entries(client)
        tags = Counter(tag for it in entries if it["type"] == "exchange" for tag in _tags(it))
        statuses = {tag: it["status"] for it in entries if it["type"] == "exchange" for tag in _tags(it)}
        for tag, status in self._answered.items():
            if tags[tag] != 1 or statuses[tag] != status:
                self._find(f"{tag} was answered {status}, and is in the journal {tags[tag]} times: {statuses.get(tag)}")
        for tag in self._refused:
            if tags[tag]:
                self._find(f"{tag} was refused, as nothing could be kept, and is in the journal")
        for tag in self._in_doubt:
            self.tally.happened += tags[tag]
            if tags[tag] > 1:
                self._find(f"{tag} is in the journal {tags[tag]} times")
            elif tags[tag]:
                self._answered[tag] = statuses[tag]
            else:
                self._refused.add(tag)  # it must not come true later
        self._audit_numbers(entries)

    def _audit_numbers(self, entries: list[dict[str, Any]]) -> None:
        numbers = [it["n"] for it in entries]
        if numbers != [*range(1, len(numbers) + 1)]:
            self._find(f"the journal is numbered {numbers[:5]} ... {numbers[-5:]}, {len(numbers)} of them")
        instants = [datetime.fromisoformat(it["at"]) for it in entries]
        if instants != sorted(instants):
            self._find("the instants of the journal go back")
        made = Counter(it["id"] for entry in entries for it in entry.get("changes", ()) if it["from"] == "absent")
        if twice := [id for id, times in made.items() if times > 1]:
            self._find(f"ids were given twice: {twice}")

    def _audit_time(self, client: Client) -> None:
        now = client.control("GET", f"/worlds/{self._world}/clock")[1]["now"]
        if self._now and datetime.fromisoformat(now) < datetime.fromisoformat(self._now):
            self._find(f"the clock showed {self._now}, and shows {now}")
        self._now = now

    def _audit_once(self, client: Client, deed: Deed, tag: str) -> None:
        """Ask again: whether it has happened or not, now it has, once."""
        status, content = deed.ask(client)
        if status == 503:
            return
        self._answered[f"{tag}-again"] = status
        id = json.loads(content).get("id")
        state = client.control("GET", f"/worlds/{self._world}/state?vendor=stripe")[1]["stripe"]
        made = [job["id"] for job in state["batch_jobs"] if (job.get("metadata") or {}).get("n") == tag]
        if made != [id]:
            self._find(f"the job {tag} was asked for twice, answered {status} {id}, and there are {made}")

    def _audit_state(self, client: Client) -> None:
        status, state = client.control("GET", f"/worlds/{self._world}/state")
        if status != 200:
            self._find(f"the state cannot be seen: {status} {state}")
            return
        for law in broken_laws(state, Decimal(DEPOSIT)):
            self._find(law)

    def _entries(self, client: Client) -> list[dict[str, Any]]:
        entries: list[dict[str, Any]] = []
        while True:
            since = entries[-1]["n"] if entries else 0
            status, page = client.control("GET", f"/worlds/{self._world}/journal?since={since}")
            if status != 200:
                self._find(f"the journal cannot be seen: {status} {page}")
                return entries
            self.tally.compared += 1
            entries += page["entries"]
            if len(page["entries"]) < 1_000:
                return entries

    def _find(self, what: str) -> None:
        self.tally.find(f"{self._world}: {what}")


def _tags(entry: dict[str, Any]) -> list[str]:
    return [value for name, value in entry["request"]["headers"] if name.lower() == "x-tag"]
