"""Laws of SerpWow over random histories: every operation in any order, with jumps of the clock in between."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from emulator.kernel.accounts import SELF
from emulator.kernel.errors import BadInput
from emulator.kernel.exchange import Change
from emulator.scenario.state import apply_state
from emulator.sdk.response import Response
from emulator.vendors import VENDORS
from emulator.vendors.serpwow.machine.queue import POOLS
from emulator.vendors.serpwow.model.account import Account, next_monthly
from emulator.vendors.serpwow.model.batches import Batch
from tests.support.serpwow import BUCKET, SERPWOW, send, world_of

GIVEN = (3, 251, 0, 1, 251, 1, 1, 1, 1, 1)
"""Searches of the batches that are there from the beginning."""


searches = st.lists(
    st.fixed_dictionaries({"q": st.sampled_from("abc")}, optional={"max_page": st.integers(0, 21), "custom_id": st.just("x")}),
    max_size=4,
)
schedules = st.fixed_dictionaries(
    {"schedule_type": st.sampled_from(["manual", "minutes", "daily", "weekly", "monthly"])},
    optional={
        "schedule_minutes": st.sampled_from(["every_minute", "every_25_minutes", "every_hour"]),
        "schedule_hours": st.lists(st.integers(0, 23), max_size=3),
        "schedule_days_of_week": st.lists(st.integers(0, 6), max_size=3),
        "schedule_days_of_month": st.lists(st.integers(1, 31), max_size=3),
        "enabled": st.booleans(),
        "priority": st.sampled_from(["lowest", "normal", "highest"]),
    },
)


class Life(RuleBasedStateMachine):
    """An account whose client does anything at all, while its clock is moved and its state is patched."""

    @initialize(
        zone=st.sampled_from(["UTC", "Europe/Berlin", "Asia/Kathmandu"]),
        edit=st.sampled_from(["refuse", "allow"]),
        failed_searches=st.sampled_from(["keep", "refund"]),
        places=st.sampled_from(["by-size", "one"]),
        run=st.sampled_from(["10s", "10s", "never"]),
        reset=st.sampled_from(["monthly", "never"]),
    )
    def begin(self, zone: str, edit: str, failed_searches: str, places: str, run: str, reset: str) -> None:
        assume = {"serpwow.edit-queued": edit, "serpwow.failed-searches": failed_searches, "serpwow.places": places}
        assume["serpwow.credits-reset"] = reset
        batches = [{"id": f"{n:08}", "searches": searches} for n, searches in enumerate(GIVEN)]
        account = {"credits_limit": 4000, "credits_used": 7, "timezone": zone}
        self.failed, self.terms = failed_searches, {"assume": assume, "timing": {"serpwow.run": run}}
        self.world = world_of({"account": account, "batches": batches}, clock={"start": "2026-03-28T23:59:50Z"}, **self.terms)

    def account(self) -> Account:
        account = self.world.store.find(Account.kind, SELF)
        assert isinstance(account, Account)
        return account

    def spent(self) -> int:
        """Credits that were ever used: those that count now, and those that came back at the end of a month."""
        account = self.account()
        return account.credits_used + account.credits_returned

    def batches(self) -> dict[str, Batch]:
        self.world.settle()
        return {batch.id: batch for batch in self.world.store.group(Batch.kind)}

    def id(self, n: int) -> str:
        ids = [*self.batches(), "unknown"]
        return ids[n % len(ids)]

    def account_for(self, before: dict[str, Batch], used: int, changes: list[Change]) -> None:
        """Credits move with what was started and what left the queue, and with nothing else."""
        allocations = {id: batch.allocated for id, batch in before.items()}
        requirements = {id: batch.credits_required for id, batch in {**self.batches(), **before}.items()}
        refunds = 0
        for change in (change for change in changes if change.kind == Batch.kind):
            if (change.source, change.to) == ("idle", "queued"):
                allocations[change.id] = requirements[change.id]
                used += requirements[change.id]
            elif change.source == "queued" and change.to != "running":
                used -= allocations[change.id]
            elif change.why == "after serpwow.run":
                refunds += allocations[change.id]
        now = self.spent()
        assert now == used if self.failed == "keep" else used - refunds <= now <= used

    def ask(self, method: str, target: str, json: Any = None) -> Response:
        before, used = self.batches(), self.spent()
        reply, changes = send(self.world, method, target, json)
        self.account_for(before, used, changes)
        return reply

    @rule(schedule=schedules, searches=searches, name=st.sampled_from(["A", None, 7]))
    def create(self, schedule: dict[str, Any], searches: list[Any], name: Any) -> None:
        self.ask("POST", "/live/batches", {"name": name, **schedule, "searches": searches})

    @rule(n=st.integers(0, 20), verb=st.sampled_from(["start", "start", "start", "stop"]))
    def start_or_stop(self, n: int, verb: str) -> None:
        self.ask("GET", f"/live/batches/{self.id(n)}/{verb}")

    @rule()
    def start_all(self) -> None:
        for id in self.batches():
            self.ask("GET", f"/live/batches/{id}/start")

    @rule()
    def stop_all(self) -> None:
        self.ask("GET", "/live/batches/stopall")

    @rule(n=st.integers(0, 20), schedule=schedules, searches=searches)
    def update(self, n: int, schedule: dict[str, Any], searches: list[Any]) -> None:
        self.ask("PUT", f"/live/batches/{self.id(n)}", {**schedule, "searches": searches})

    @rule(n=st.integers(0, 20), place=st.integers(0, 3), change=st.sampled_from(["PUT", "DELETE", "many", "clear"]))
    def change_a_search(self, n: int, place: int, change: str) -> None:
        batch = self.batches().get(self.id(n))
        searches = batch.searches.slice(place, place + 1) if batch else ()
        id = searches[0].id if searches else "unknown"
        if change == "PUT":
            self.ask("PUT", f"/live/batches/{self.id(n)}/{id}", {"max_page": 5})
        elif change == "DELETE":
            self.ask("DELETE", f"/live/batches/{self.id(n)}/{id}")
        elif change == "many":
            self.ask("DELETE", f"/live/batches/{self.id(n)}/searches", [id, "unknown"])
        else:
            self.ask("DELETE", f"/live/batches/{self.id(n)}/clear")

    @rule(n=st.integers(0, 20))
    def delete(self, n: int) -> None:
        self.ask("DELETE", f"/live/batches/{self.id(n)}")

    @rule(n=st.integers(0, 20))
    def somebody_else_deletes(self, n: int) -> None:
        before, used, newest = self.batches(), self.spent(), self.world.journal.last
        if (id := self.id(n)) != "unknown":
            apply_state(self.world, VENDORS, {"serpwow": {"batches": [{"id": id, "deleted": True}]}}, "somebody else")
            assert id not in self.batches()
            self.account_for(
                before, used, [it.event for it in self.world.journal.since(newest) if isinstance(it.event, Change)]
            )

    @rule(
        n=st.integers(0, 20),
        tail=st.sampled_from(
            [
                "",
                "/searches/1",
                "/searches/1?q=a",
                "/searches/json",
                "/searches/csv",
                "/results",
                "/results/1",
                "/results/1/jsonlines",
                "/results/1/csv?csv_fields=search.q",
                "/results/1/resendwebhook",
            ]
        ),
    )
    def look(self, n: int, tail: str) -> None:
        before = self.batches(), self.account()
        self.ask("GET", f"/live/batches/{self.id(n)}{tail}")
        assert (self.batches(), self.account()) == before

    @rule(path=st.sampled_from(["/live/batches?sort_by=status", "/live/account", "/live/errorlogs", "/live/destinations"]))
    def list(self, path: str) -> None:
        self.ask("GET", path)

    @rule(n=st.integers(0, 9))
    def make_and_drop_a_destination(self, n: int) -> None:
        reply = self.ask("POST", "/live/destinations", {"name": str(n), **BUCKET})
        id = reply.body["destination"]["id"]
        self.ask("PUT", f"/live/destinations/{id}", {"enabled": "false"})
        self.ask("DELETE", f"/live/destinations/{id}")

    @rule(seconds=st.integers(0, 15) | st.sampled_from([60, 3600, 86_400, 20 * 86_400, 70 * 86_400]))
    def advance(self, seconds: int) -> None:
        if seconds > 86_400:
            self.ask("PUT", f"/live/batches/{self.id(0)}", {"enabled": False})
        scheduled_by_the_minute = [
            batch for batch in self.batches().values() if batch.schedule.type == "minutes" and batch.enabled
        ]
        if scheduled_by_the_minute:
            seconds = min(seconds, 3600)
        before, used = self.batches(), self.spent()
        self.account_for(before, used, self.world.advance_by(timedelta(seconds=seconds)))

    @rule(n=st.integers(0, 20), failing=st.integers(0, 3), fails=st.booleans())
    def patch(self, n: int, failing: int, fails: bool) -> None:
        if self.id(n) != "unknown":
            patch = {"id": self.id(n), "failing": failing, "fails_to_stop": fails}
            before = self.spent()
            reason = ""
            try:
                apply_state(self.world, VENDORS, {"serpwow": {"batches": [patch]}}, "a patch")
            except BadInput as refused:  # what a run cost came back with the month, and cannot be given back once more
                reason = str(refused)
            assert not reason or (self.failed == "refund" and "can give back" in reason)
            assert self.spent() == before

    @invariant()
    def credits_add_up(self) -> None:
        account, batches = self.account(), self.batches().values()
        assert account.credits_used + account.credits_remaining == account.credits_limit == 4000
        assert sum(account.usage.values()) == self.spent()
        assert next_monthly(account.credits_reset_at, self.world.clock.now()) > self.world.clock.now()
        assert 0 <= sum(batch.allocated for batch in batches if batch.status == "queued") <= account.credits_used

    @invariant()
    def time_runs_forward(self) -> None:
        assert [*self.world.history] == sorted(self.world.history, key=lambda commit: commit.at)

    @invariant()
    def no_batch_waits_beside_a_free_slot(self) -> None:
        batches = self.batches().values()
        choice = self.world.rules.choices["serpwow.places"]
        for pool, places in POOLS[choice].items():
            running = [batch for batch in batches if batch.status == "running" and pool in ("all", batch.size)]
            waiting = [batch for batch in batches if batch.status == "queued" and batch.ticket and batch.ticket[0] == pool]
            assert len(running) <= places
            assert not waiting or len(running) == places

    @invariant()
    def what_is_shown_brings_the_same_about(self) -> None:
        self.world.settle()
        with self.world.transaction("look") as tx:
            state = SERPWOW.state.dump(tx)
        twin = world_of(state, clock={"start": self.world.clock.now().isoformat()}, **self.terms)
        with twin.transaction("look") as tx:
            assert SERPWOW.state.dump(tx) == state


TestLife = Life.TestCase
TestLife.settings = settings(max_examples=25, stateful_step_count=25)
