"""A store keeps its promises whatever happens to its copies: the same answers as plain dicts, sorted by hand."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from operator import attrgetter
from typing import Any, ClassVar

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from emulator.kernel import settling, sorted_pages, store
from emulator.kernel.differing import differing, differing_keys
from emulator.kernel.sorted_pages import IndexKey, SortedKey, SortedPages
from emulator.kernel.store import AGENDA, UPKEEP, PagedMap, Store
from emulator.kernel.upcoming import Upcoming
from emulator.text.checkpoint import WORK, Unwanted
from tests.support.toy import START

IDS = st.integers(0, 40).map(str)
COLOURS = st.sampled_from(["red", "blue"])
WEIGHTS = st.integers(0, 5)
INSTANTS_OF: Any = attrgetter("event", "upkeep")
BY_WEIGHT: IndexKey = ("weight",)


@dataclass(frozen=True, slots=True)
class Apple:
    id: str
    status: str
    weight: int
    since: Any = START
    event: datetime | None = None
    upkeep: datetime | None = None
    timing: None = None
    kind: ClassVar[str] = "toy.apple"
    is_tally: ClassVar[bool] = False

    def index(self) -> tuple[IndexKey | SortedKey, ...]:
        return (("colour", self.status), SortedKey(BY_WEIGHT, self.weight))


@pytest.fixture(autouse=True, scope="module")
def small_pages() -> Iterable[None]:
    """Pages so small that a few resources fill many."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sorted_pages, "PAGE", 3)
        patch.setattr(store, "PAGE", 3)
        patch.setattr(settling, "SMALL", 3)
        yield


class Model:
    """A store as a dict in order of arrival."""

    def __init__(self, apples: dict[str, Apple]) -> None:
        self.apples = apples

    def group(self, colour: str) -> list[Apple]:
        return [apple for apple in self.apples.values() if apple.status == colour]

    def by_weight(self, reverse: bool = False) -> list[Apple]:
        return sorted(self.apples.values(), key=attrgetter("weight"), reverse=reverse)


class StoresAndCopies(RuleBasedStateMachine):
    """Some stores, each a copy of another at some time, beside their models."""

    def __init__(self) -> None:
        super().__init__()
        self.pairs = [(Store(INSTANTS_OF, {Apple.kind}), Model({}))]

    def pair(self, which: int) -> tuple[Store, Model]:
        return self.pairs[which % len(self.pairs)]

    @rule(which=st.integers(0, 5), id=IDS, colour=COLOURS, weight=WEIGHTS)
    def put(self, which: int, id: str, colour: str, weight: int) -> None:
        store, model = self.pair(which)
        apple = Apple(id, colour, weight)
        assert store.put(apple) is model.apples.get(id)
        model.apples[id] = apple

    @rule(which=st.integers(0, 5), colour=COLOURS, count=st.integers(5, 30))
    def put_many(self, which: int, colour: str, count: int) -> None:
        for number in range(count):
            self.put(which, str(number), colour, number % 3)

    @rule(which=st.integers(0, 5), id=IDS)
    def remove(self, which: int, id: str) -> None:
        store, model = self.pair(which)
        assert store.remove(Apple.kind, id) is model.apples.pop(id, None)

    @rule(which=st.integers(0, 5), id=IDS)
    def take_out_and_put_back(self, which: int, id: str) -> None:
        store, model = self.pair(which)
        if id in model.apples:
            number = store.number(Apple.kind, id)
            store.remove(Apple.kind, id)
            store.put(model.apples[id], number)

    @rule(which=st.integers(0, 5))
    def copy(self, which: int) -> None:
        store, model = self.pair(which)
        if len(self.pairs) < 5:
            self.pairs.append((store.copy(), Model(model.apples.copy())))

    @rule(which=st.integers(0, 5), other=st.integers(0, 5))
    def go_back(self, which: int, other: int) -> None:
        store, model = self.pair(other)
        self.pairs[which % len(self.pairs)] = store.copy(), Model(model.apples.copy())

    @rule(which=st.integers(0, 5), other=st.integers(0, 5))
    def differences_are_those_of_the_models(self, which: int, other: int) -> None:
        (store, model), (other_store, second) = self.pair(which), self.pair(other)
        differing_ids = [id for _, id in differing(store, other_store)]
        ids = {*model.apples, *second.apples}
        assert len(differing_ids) == len({*differing_ids})
        assert {*differing_ids} == {id for id in ids if model.apples.get(id) is not second.apples.get(id)}

    @rule(which=st.integers(0, 5), start=st.integers(0, 45))
    def rankings_can_be_read_from_anywhere(self, which: int, start: int) -> None:
        store, model = self.pair(which)
        sorted_group = store.sorted_group(Apple.kind, *BY_WEIGHT)
        assert len(sorted_group) == len(model.apples)
        assert [*sorted_group.ascending(start)] == model.by_weight()[start:]
        assert [*sorted_group.descending(start)] == model.by_weight(reverse=True)[start:]
        assert [*sorted_group.reversed(start)] == model.by_weight()[::-1][start:]

    @invariant()
    def every_store_holds_what_its_model_does(self) -> None:
        for own_store, model in self.pairs:
            assert [*own_store.group(Apple.kind)] == [*model.apples.values()]
            assert len(own_store) == own_store.size(Apple.kind) == len(model.apples)
            assert own_store.group(Apple.kind, *BY_WEIGHT) == model.by_weight()
            for colour in ("red", "blue"):
                assert own_store.group(Apple.kind, "colour", colour) == model.group(colour)
                assert own_store.size(Apple.kind, "colour", colour) == len(model.group(colour))
            assert all(own_store.find(Apple.kind, str(id)) is model.apples.get(str(id)) for id in range(41))


TestStoresAndCopies = StoresAndCopies.TestCase
TestStoresAndCopies.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 60))))
def test_sorted_pages_are_a_sorted_set(steps: list[tuple[bool, int]]) -> None:
    entries, expected = SortedPages(), set[tuple[int]]()
    for adds, number in steps:
        entry = (number,)
        if adds and entry not in expected:
            entries.change([], [entry])
            expected.add(entry)
        elif not adds and entry in expected:
            entries.change([entry], [])
            expected.discard(entry)
    assert [*entries] == sorted(expected)
    assert [*reversed(entries)] == sorted(expected, reverse=True)
    assert [entries[place] for place in range(len(entries))] == sorted(expected)
    assert [entries.rank((number,)) for number in range(61)] == [sum(entry < (n,) for entry in expected) for n in range(61)]


def test_a_map_that_was_copied_before_it_grew_still_tells_what_differs() -> None:
    grown_map: PagedMap[int, str] = PagedMap()
    for number in range(20):
        grown_map[number] = "old"
    former = grown_map.copy()
    for number in range(15, 200):
        grown_map[number] = "new"
    assert sorted(differing_keys(grown_map, former)) == sorted(differing_keys(former, grown_map)) == [*range(15, 200)]
    assert [key for key in range(200) if former.get(key) is not None] == [*range(20)]


INSTANTS = st.one_of(st.none(), st.integers(0, 8).map(lambda seconds: START + timedelta(seconds=seconds)))


@given(st.lists(st.tuples(IDS, INSTANTS, INSTANTS, st.booleans())))
def test_the_agenda_tells_what_is_next_as_a_sorted_list_would(steps: list[tuple[str, Any, Any, bool]]) -> None:
    store, due, upkeep, copies = Store(INSTANTS_OF, {Apple.kind}), dict[str, Any](), dict[str, Any](), []
    for id, event, tidying, is_copied in steps:
        store.put(Apple(id, "red", 0, event=event, upkeep=tidying), int(id))
        due[id], upkeep[id] = event, tidying
        expected = sorted((at, int(id), (Apple.kind, id)) for id, at in due.items() if at is not None)
        later = sorted((at, int(id), (Apple.kind, id)) for id, at in upkeep.items() if at is not None)
        copies.append((store.copy() if is_copied else None, [(at, key) for at, _, key in expected]))
        assert store.upcoming(100) == [(at, key) for at, _, key in expected]
        assert store.upcoming(100, UPKEEP) == [(at, key) for at, _, key in later]
        assert store.next_due == min([entry[0] for entry in (*expected[:1], *later[:1])], default=None)
    assert all(copy is None or copy.upcoming(100) == expected for copy, expected in copies)
    for id in due:
        store.remove(Apple.kind, id)
    assert (store.upcoming(1), store.next_due) == ([], None)


def test_a_copy_of_a_store_that_nobody_asked_knows_what_is_due() -> None:
    store = Store(INSTANTS_OF, {Apple.kind})
    store.put(Apple("1", "red", 0, event=START))
    twin = store.copy()
    assert not twin.rests_until(START)
    assert twin.rests_until(START - timedelta(seconds=1))
    assert not store.rests_until(START)


@given(
    given_=st.lists(st.tuples(IDS, INSTANTS, INSTANTS), max_size=50),
    steps=st.lists(st.tuples(IDS, INSTANTS, INSTANTS, st.booleans())),
)
def test_what_is_upcoming_while_resources_change_is_what_a_sorted_agenda_has(given_: list[Any], steps: list[Any]) -> None:
    store, sorted_store = Store(INSTANTS_OF, {Apple.kind}), Store(INSTANTS_OF, {Apple.kind})
    for id, event, tidying in given_:
        for each in (store, sorted_store):
            each.put(Apple(id, "red", 0, event=event, upkeep=tidying))
    upcoming = Upcoming(store)
    for id, event, tidying, is_removed in steps:
        for each in (store, sorted_store):
            if is_removed:
                each.remove(Apple.kind, id)
            else:
                each.put(Apple(id, "red", 0, event=event, upkeep=tidying))
        upcoming.renew([(Apple.kind, id)])
        events, upkeep = ([(at, late, *it) for at, *it in sorted_store.agenda(group)] for late, group in enumerate(AGENDA))
        first = min([*events, *upkeep], default=None)
        assert upcoming.event == (None if not events else (events[0][0], *events[0][2:]))
        assert upcoming.first == (None if first is None else (first[0], *first[2:]))


def test_a_resource_that_keeps_its_value_keeps_its_place_among_equals() -> None:
    store = Store(INSTANTS_OF, {Apple.kind})
    for id in "cab":
        store.put(Apple(id, "red", 1))
    store.put(Apple("c", "blue", 1))
    assert [apple.id for apple in store.sorted_group(Apple.kind, *BY_WEIGHT).descending()] == ["c", "a", "b"]


def test_a_reader_who_gives_up_leaves_groups_that_the_next_reader_finds_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    def give_up() -> None:
        raise Unwanted

    monkeypatch.setattr(settling, "SOME", 3)
    apples = Store(INSTANTS_OF, {Apple.kind})
    for number in range(10):
        apples.put(Apple(str(number), "red", number, event=START + timedelta(seconds=10 - number)))
    monkeypatch.setattr(WORK, "pause", give_up)
    for read in (lambda: apples.size(Apple.kind, "colour", "red"), lambda: apples.next_due):
        with pytest.raises(Unwanted):
            read()
    monkeypatch.setattr(WORK, "pause", None)
    assert [apple.id for apple in apples.group(Apple.kind, "colour", "red")] == [*"0123456789"]
    assert [id for _, (_, id) in apples.upcoming(10)] == [*"9876543210"]
