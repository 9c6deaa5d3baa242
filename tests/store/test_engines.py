"""What every engine does: records are kept all or none, in order, without a gap, and a world is an image and the records after it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule, run_state_machine_as_test

from emulator.store.memory import MemoryEngine
from emulator.store.port import Ahead, Append, Engine, Misnumbered, Overtaken, Record
from tests.store.engines import ENGINES, LASTING, contents, keep_image


def bodies(world: str, *each: bytes, first: int = 1) -> list[Append]:
    return [Append(world, n, body) for n, body in enumerate(each, first)]


def test_records_are_read_as_they_were_kept_from_any_number_on(engine: Engine) -> None:
    engine.append(bodies("a", b"1", b"", b"\0\xff"))
    engine.append(bodies("a", b"4", first=4))
    assert [*engine.read("a")] == [(1, b"1"), (2, b""), (3, b"\0\xff"), (4, b"4")]
    assert [*engine.read("a", 2)] == [(3, b"\0\xff"), (4, b"4")]
    assert [*engine.read("a", 4)] == [*engine.read("a", 9)] == []
    assert engine.list() == {"a": 4}


def test_of_a_world_that_is_not_there_nothing_is_read_or_dropped(engine: Engine) -> None:
    assert engine.list() == {}
    assert [*engine.read("a")] == []
    assert engine.newest_image("a") is None
    engine.drop("a")
    engine.append([])
    assert engine.list() == {}


WRONG: dict[str, tuple[list[Append], type[Misnumbered]]] = {
    "a gap": (bodies("a", b"x", first=4), Ahead),
    "a gap within": ([Append("a", 3, b"x"), Append("a", 5, b"x")], Ahead),
    "a new world that begins late": (bodies("new", b"x", first=2), Ahead),
    "a number that is kept": (bodies("a", b"x", first=2), Overtaken),
    "the same number twice": ([Append("a", 3, b"x"), Append("a", 3, b"x")], Overtaken),
    "number 0": (bodies("new", b"x", first=0), Overtaken),
    "a number below": (bodies("a", b"x", first=-1), Overtaken),
    "one wrong world of three": ([*bodies("new", b"x"), *bodies("a", b"x", first=2), *bodies("b", b"x", first=2)], Overtaken),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_records_with_a_wrong_number_are_refused_with_all_that_came_along(engine: Engine, wrong: str) -> None:
    engine.append([*bodies("a", b"1", b"2"), *bodies("b", b"1")])
    before, (appends, refusal) = contents(engine), WRONG[wrong]
    with pytest.raises(refusal) as refused:
        engine.append(appends)
    assert refused.value.world in {"a", "new"}
    assert contents(engine) == before
    engine.append([*bodies("a", b"3", first=3), *bodies("b", b"2", first=2), *bodies("new", b"1")])
    assert engine.list() == {"a": 3, "b": 2, "new": 1}


def test_who_is_overtaken_gets_the_records_from_his_number_on(engine: Engine) -> None:
    engine.append(bodies("a", b"1", b"2", b"3"))
    with pytest.raises(
        Overtaken, match="there is a record 2 of the world 'a' already, which another writer has kept"
    ) as refused:
        engine.append(bodies("a", b"x", b"y", first=2))
    assert refused.value.tail == (Record(2, b"2"), Record(3, b"3"))


def test_who_is_overtaken_beyond_an_image_gets_the_records_after_it(engine: Engine) -> None:
    engine.append(bodies("a", b"1", b"2", b"3"))
    keep_image(engine, "a", 2, b"all")
    with pytest.raises(Overtaken) as refused:
        engine.append(bodies("a", b"x", first=1))
    assert refused.value.tail == (Record(3, b"3"),)


def test_an_image_takes_the_place_of_the_former_one_and_of_the_records_up_to_it(engine: Engine) -> None:
    engine.append(bodies("a", b"1", b"2", b"3"))
    keep_image(engine, "a", 1, b"one", b"", b"more")
    assert contents(engine) == {"a": (3, [b"one", b"", b"more"], {2: b"2", 3: b"3"})}
    keep_image(engine, "a", 3, b"three")
    assert contents(engine) == {"a": (3, [b"three"], {})}
    engine.append(bodies("a", b"4", first=4))
    assert contents(engine) == {"a": (4, [b"three"], {4: b"4"})}
    image = engine.newest_image("a")
    assert image is not None
    assert image.n == 3


def test_a_world_may_begin_with_an_image(engine: Engine) -> None:
    keep_image(engine, "a", 0, b"begun")
    assert contents(engine) == {"a": (0, [b"begun"], {})}
    engine.append(bodies("a", b"1"))
    assert contents(engine) == {"a": (1, [b"begun"], {1: b"1"})}


@pytest.mark.parametrize("n", [2, 3])
def test_an_image_of_what_has_not_happened_is_refused(engine: Engine, n: int) -> None:
    engine.append(bodies("a", b"1"))
    with pytest.raises(Ahead, match=f"the world 'a' has not come to number {n}: its newest record is 1"):
        keep_image(engine, "a", n, b"x")
    assert contents(engine) == {"a": (1, None, {1: b"1"})}


def test_an_image_counts_once_it_is_whole_and_others_go_on_meanwhile(engine: Engine) -> None:
    engine.append(bodies("a", b"1"))
    keep_image(engine, "a", 0, b"former")
    steps = engine.keep_image("a", 1, [b"p", b"q"])
    for n in (2, 3):
        next(steps)
        engine.append(bodies("a", b"more", first=n))
        assert contents(engine)["a"][1] == [b"former"]
        assert next(engine.read("a")) == (1, b"1")
    assert [*steps] == []
    assert contents(engine) == {"a": (3, [b"p", b"q"], {2: b"more", 3: b"more"})}


def begin_another(engine: Engine) -> None:
    engine.drop("a")
    engine.append(bodies("a", b"another"))


INTERRUPTIONS: dict[str, Callable[[Engine], None]] = {
    "the world is dropped": lambda engine: engine.drop("a"),
    "another world of that id has begun": begin_another,
    "a later image was kept": lambda engine: keep_image(engine, "a", 2, b"later"),
}


@pytest.mark.parametrize("interruption", INTERRUPTIONS)
def test_an_image_comes_to_nothing_where_meanwhile(engine: Engine, interruption: str) -> None:
    engine.append(bodies("a", b"1", b"2"))
    steps = engine.keep_image("a", 1, [b"p", b"q"])
    next(steps)
    INTERRUPTIONS[interruption](engine)
    after = contents(engine)
    assert [*steps] == [None]
    assert contents(engine) == after


def test_an_image_whose_pieces_end_in_an_error_leaves_nothing(engine: Engine) -> None:
    engine.append(bodies("a", b"1"))
    with pytest.raises(ZeroDivisionError):
        [*engine.keep_image("a", 1, (bytes(1 // n) for n in (2, 1, 0)))]
    assert contents(engine) == {"a": (1, None, {1: b"1"})}


def test_a_world_that_is_dropped_is_forgotten_and_another_may_begin(engine: Engine) -> None:
    engine.append([*bodies("a", b"1", b"2"), *bodies("b", b"1")])
    keep_image(engine, "a", 1, b"all")
    engine.drop("a")
    assert contents(engine) == {"b": (1, None, {1: b"1"})}
    with pytest.raises(Ahead):
        engine.append(bodies("a", b"x", first=3))
    engine.append(bodies("a", b"another"))
    assert contents(engine) == {"a": (1, None, {1: b"another"}), "b": (1, None, {1: b"1"})}


def test_what_is_tidied_is_what_was_forgotten(engine: Engine) -> None:
    for world in "abc":
        engine.append(bodies(world, *[b"x" * 10_000] * 700))
        keep_image(engine, world, 350, b"former" * 10_000, b"more")
        keep_image(engine, world, 690, b"image")
    engine.drop("b")
    before = contents(engine)
    while engine.tidy():
        assert contents(engine) == before
    assert contents(engine) == before
    assert not engine.tidy()


def test_a_probe_leaves_no_trace(engine: Engine) -> None:
    engine.append(bodies("a", b"1"))
    for _ in range(2):
        engine.probe()
    assert contents(engine) == {"a": (1, None, {1: b"1"})}


def test_bodies_of_five_million_bytes_are_kept(engine: Engine) -> None:
    large = [bytes([n]) * 5_000_000 for n in range(3)]
    engine.append(bodies("a", *large))
    keep_image(engine, "a", 0, *large)
    assert contents(engine) == {"a": (3, large, dict(enumerate(large, 1)))}


ids = st.text(st.characters(exclude_categories=["Cs"]), min_size=1)


@pytest.mark.parametrize("name", ENGINES)
@given(worlds=st.sets(ids, min_size=1, max_size=5))
@example(
    {"a", "A", "ä", "a\0", "a\0b", "a ", " a", "a'", '"', "%", "_", "a%", "😀", "1", "01", "1.0", "None", "-", ".", "a" * 64}
)
@settings(max_examples=20)
def test_any_text_is_an_id_and_no_other(name: str, worlds: set[str]) -> None:
    with TemporaryDirectory() as folder:
        engine = ENGINES[name](Path(folder))()
        engine.append([Append(world, 1, world.encode()) for world in worlds])
        assert engine.list() == dict.fromkeys(worlds, 1)
        for world in worlds:
            assert [*engine.read(world)] == [(1, world.encode())]
            engine.drop(world)
        assert engine.list() == {}
        engine.close()


@pytest.mark.parametrize("name", LASTING)
def test_what_was_kept_is_there_when_it_is_opened_again(name: str, tmp_path: Path) -> None:
    opened = ENGINES[name](tmp_path)
    engine = opened()
    engine.append([*bodies("a", b"1", b"2", b"3"), *bodies("b", b"1"), *bodies("c", b"1")])
    keep_image(engine, "a", 2, b"p", b"q")
    keep_image(engine, "d", 0, b"begun")
    engine.drop("c")
    abandoned = engine.keep_image("b", 1, [b"x", b"y"])
    next(abandoned)
    before = contents(engine)
    engine.close()
    again = opened()
    assert contents(again) == before
    again.append([*bodies("a", b"4", first=4), *bodies("c", b"another"), *bodies("d", b"1")])
    assert again.list() == {"a": 4, "b": 1, "c": 1, "d": 1}
    again.close()


WORLDS = ["a", "b", "c"]
records_of_worlds = st.lists(st.tuples(st.sampled_from(WORLDS), st.binary(max_size=3)), max_size=8)


class Life(RuleBasedStateMachine):
    """An engine beside the engine that is a dictionary."""

    name: str

    def __init__(self) -> None:
        super().__init__()
        self.folder = TemporaryDirectory()
        self.opened = ENGINES[self.name](Path(self.folder.name))
        self.engine, self.model = self.opened(), MemoryEngine()

    def teardown(self) -> None:
        self.engine.close()
        self.folder.cleanup()

    def both(self, act: Callable[[Engine], object]) -> None:
        """Do the same to both, and compare what comes of it."""
        outcomes = []
        for engine in (self.engine, self.model):
            try:
                act(engine)
                outcomes.append(("done", contents(engine)))
            except Misnumbered as error:
                outcomes.append((str(error), contents(engine)))
        assert outcomes[0] == outcomes[1]

    @rule(records=records_of_worlds)
    def append(self, records: list[tuple[str, bytes]]) -> None:
        newest = self.model.list()
        appends = []
        for world, body in records:
            newest[world] = newest.get(world, 0) + 1
            appends.append(Append(world, newest[world], body))
        self.both(lambda engine: engine.append(appends))

    @rule(records=records_of_worlds, n=st.integers(0, 12))
    def append_anywhere(self, records: list[tuple[str, bytes]], n: int) -> None:
        self.both(lambda engine: engine.append([Append(world, n, body) for world, body in records]))

    @rule(world=st.sampled_from(WORLDS), n=st.integers(0, 12), pieces=st.lists(st.binary(max_size=3), max_size=3))
    def keep_image(self, world: str, n: int, pieces: list[bytes]) -> None:
        self.both(lambda engine: keep_image(engine, world, n, *pieces))

    @rule(world=st.sampled_from(WORLDS))
    def drop(self, world: str) -> None:
        self.both(lambda engine: engine.drop(world))

    @rule()
    def tidy(self) -> None:
        self.both(lambda engine: engine.tidy())

    @rule()
    def open_again(self) -> None:
        self.engine.close()
        self.engine = self.opened()
        assert contents(self.engine) == contents(self.model)


@pytest.mark.parametrize("name", LASTING)
def test_every_engine_does_what_a_dictionary_would(name: str) -> None:
    life = type("Life", (Life,), {"name": name})
    run_state_machine_as_test(life, settings=settings(max_examples=30, stateful_step_count=30))
