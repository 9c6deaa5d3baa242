"""The faults and the timeline of a world as far as they mattered, and what a controller did to it by hand."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from emulator.kernel.calls import EVERYTHING, Call, CallRule
from emulator.kernel.delivery_faults import DeliveryFault
from emulator.kernel.exchange import Change, Exchange, FaultHit
from emulator.kernel.faults import AFTER_REPLY, DROP, GARBAGE, HANG, RESET, TRUNCATE, Fault
from emulator.kernel.history import Commit
from emulator.kernel.journal import Entry
from emulator.kernel.past import BEGINNING
from emulator.kernel.replies import ScriptedReply, given_reply
from emulator.kernel.time import format_duration
from emulator.kernel.timeline import CALL_OFF, IMPOSSIBLE, Reaction, TimelineEvent
from emulator.kernel.world import World
from emulator.recording.events import Laid, Written
from emulator.scenario.document import JsonDict, JsonObject
from emulator.scenario.timeline import id_of
from emulator.sdk.request import read_request
from emulator.sdk.vendor import Vendors
from emulator.state.diff import commit_differences, let_go
from emulator.web.calls import Parts

ACTIONS: Mapping[type[CallRule], str] = {Fault: "fault", ScriptedReply: "reply"}
"""The actions of steps that lay rules for calls, by the type of these."""

BREAKING = frozenset({DROP, RESET, TRUNCATE, GARBAGE, HANG})
"""Effects of faults that leave the client without a whole answer."""


def breaks(exchange: Exchange) -> FaultHit | None:
    """Return the fault that kept a whole answer from the client; None where there is none."""
    hit = exchange.faults[-1] if exchange.faults and not exchange.delivered else None
    return hit if hit and hit.do in BREAKING and hit.where != AFTER_REPLY else None


class ByHand:
    """The fate of the faults and of the timeline in a world. `arranged` are the events that a controller added."""

    def __init__(self, world: World, vendors: Vendors) -> None:
        self._world, self._vendors = world, vendors
        entries = [*world.journal.since(0)]
        self._calls = [it for it in entries if isinstance(it.event, Exchange)]
        self._strikes = Counter(_strikes(entries)) + Counter(_strikes_of_deliveries(world))
        changes = (it.event for it in entries if isinstance(it.event, Change) and it.event.kind == TimelineEvent.kind)
        self._impossible = {it.id for it in changes if IMPOSSIBLE in it.why}
        commits = [it for it in world.history if it.exchange is None]
        called_off = (change for it in commits if it.why == CALL_OFF for change in it.changed_resources)
        self._called_off = {it.id: it.before for it in called_off}
        self._idle = self._idle_events(commits)
        planned: list[TimelineEvent] = world.store.group(TimelineEvent.kind)
        self._to_come = Counter(it.of or it.id for it in planned)
        self.arranged = [event for it in commits for event in self._arranged(it)]

    def rule(self, kind: type[CallRule], id: str, rule: JsonObject) -> JsonDict | None:
        """Return a fault or a reply that strikes as often as this one did; None where it never did."""
        strikes = self._strikes[id]
        was_removed = self._world.store.find(kind.kind, id) is None
        return {**rule, "times": strikes} if was_removed and strikes else dict(rule) if strikes else None

    def rules(self, kind: type[CallRule], written: Iterable[JsonObject]) -> list[JsonDict]:
        """Return the faults or replies of a scenario that struck, as often as they did."""
        action = ACTIONS[kind]
        kept = (self.rule(kind, f"{action}-{number}", it) for number, it in enumerate(written, 1))
        return [it for it in kept if it is not None]

    def event(self, id: str, event: JsonObject) -> JsonDict | None:
        """Return an event that happens as often as this one did; None where that changed nothing, or is still to come."""
        if id in self._idle:
            return None
        reaction: Reaction | None = self._world.store.find(Reaction.kind, id) or self._called_off.get(id)
        if "after_call" not in event:
            return None if id in self._called_off or id in self._impossible or self._to_come[id] else dict(event)
        happened = reaction.struck - self._to_come[id] if reaction else 0
        return {**event, "times": happened} if id in self._called_off and happened else dict(event) if happened else None

    def done(self, commit: Commit) -> Iterator[Written | Laid]:
        """Yield what a controller did in a transaction, where that changed anything."""
        if commit.written is not None and self._has_changed(commit):
            yield Written(commit.at, commit.written.state)
        for event in _added(commit, TimelineEvent.kind):
            if _is_at_once(event) and self.event(event.id, event.written) is not None:
                yield from _parts_of(event)
        for kind, action in ACTIONS.items():
            laid = (self.rule(kind, it.id, it.written) for it in _added(commit, kind.kind))
            yield from (Laid(commit.at, action, it) for it in laid if it is not None)

    def _idle_events(self, commits: Iterable[Commit]) -> set[str]:
        """Return the ids of the events that happened and never changed anything."""
        has_changed: dict[str, bool] = {}
        for commit in commits:
            for it in commit.changed_resources:
                if it.kind == TimelineEvent.kind and it.before is not None and commit.why != CALL_OFF:
                    id = it.before.of or it.id
                    has_changed[id] = has_changed.get(id, False) or self._has_changed(commit)
        return {id for id, has in has_changed.items() if not has}

    def _has_changed(self, commit: Commit) -> bool:
        """Tell whether a transaction changed anything that shows, such as the state or which credentials are good."""
        others = [it for it in commit.changed_resources if it.kind not in (TimelineEvent.kind, Reaction.kind)]
        if any(it.before is None or it.after is None for it in others):
            return True
        found = commit_differences(self._world, self._vendors, others, commit.at)
        has_changed = bool(found)
        let_go(found)
        return has_changed

    def _arranged(self, commit: Commit) -> Iterator[JsonDict]:
        """Yield the events that a controller added in a transaction, as a scenario has them that begins where the world did."""
        for event in _added(commit, TimelineEvent.kind):
            is_own = event.of is None and not _is_at_once(event)
            if is_own and (written := self.event(event.id, event.written)) is not None:
                yield {**written, "after": format_duration(event.at - self._world.moment(BEGINNING).at)}
        for reaction in _added(commit, Reaction.kind):
            if (written := self.event(reaction.id, reaction.written)) is not None:
                yield {**written, "after": reaction.after + self._count_before(commit.last, reaction)}

    def _count_before(self, n: int, reaction: Reaction) -> int:
        """Return how many of the calls that a reaction follows came before it was added."""
        before = (it.event for it in self._calls if it.n <= n)
        return sum(1 for it in before if isinstance(it, Exchange) and _is_followed(it, reaction))


def _strikes(entries: Iterable[Entry]) -> Iterator[str]:
    """Yield the id of each rule that struck; not of a fault that was taken away before the client had its answer."""
    for entry in entries:
        if isinstance(it := entry.event, Exchange):
            yield from (reply.id for reply in [given_reply(it.verdicts)] if reply)
            yield from (hit.id for hit in it.faults if hit.do not in BREAKING or hit.where == AFTER_REPLY or not it.delivered)


def _strikes_of_deliveries(world: World) -> dict[str, int]:
    """Return how often each fault of deliveries struck, also of one that was taken away."""
    changes = (it for commit in world.history for it in commit.changed_resources if it.kind == Fault.kind and it.after is None)
    faults = (*(it.before for it in changes), *world.store.group(Fault.kind))
    return {it.id: it.struck for it in faults if isinstance(it, DeliveryFault)}


def _added(commit: Commit, kind: str) -> Iterator[Any]:
    """Yield what a controller added of a kind in a transaction."""
    for it in commit.changed_resources if commit.exchange is None else ():
        if it.kind == kind and it.before is None and it.after is not None:
            yield it.after


def _is_at_once(event: TimelineEvent) -> bool:
    """Tell whether an event is a step rather than an event of the timeline, which comes before all calls of its instant."""
    return event.of is None and event.at == event.since


def _parts_of(event: TimelineEvent) -> Iterator[Written | Laid]:
    if "revoke" in event.written:
        yield Laid(event.at, "revoke", event.written["revoke"])
    if "set" in event.written:
        yield Written(event.at, event.written["set"])


def _is_followed(exchange: Exchange, reaction: Reaction) -> bool:
    """Tell whether a call is one that a reaction follows."""
    names = (exchange.operation, exchange.operation.partition(".")[0], EVERYTHING)
    is_about = reaction.of is None or reaction.of.lower() in exchange.target.lower()
    is_of_it = not {*names}.isdisjoint(reaction.at) and is_about and bool(exchange.status) and reaction.counts(exchange.status)
    return is_of_it and (reaction.match is None or _call(exchange).mismatch(reaction.match) is None)


def _call(exchange: Exchange) -> Call:
    path, _, query = exchange.target.partition("?")
    request = read_request(exchange.method, path, query, exchange.headers, exchange.request)
    return Call("", exchange.operation, (), None, Parts(request, True).read)


def timeline_of(content: JsonObject, by_hand: ByHand) -> list[JsonDict]:
    """Return the timeline of a scenario as far as it mattered, with the events that a controller added."""
    own = (by_hand.event(id_of(number), it) for number, it in enumerate(content.get("timeline", ()), 1))
    return [*(it for it in own if it is not None), *by_hand.arranged]
