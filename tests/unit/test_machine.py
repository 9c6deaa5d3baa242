"""A machine refuses to exist with a gap, and takes the first row that holds."""

from __future__ import annotations

from datetime import timedelta

import pytest

from emulator.kernel.assumption import Assumption
from emulator.kernel.errors import MachineError
from emulator.kernel.machine import ABSENT, EVERY, SAME, Assume, Machine, Row, Timer
from emulator.kernel.timers import due
from emulator.kernel.world import World
from tests.support.toy import KETTLE, START, Kettle, kitchen

QUESTION = Assumption("q", "How?", ("1", "2"), "It may be.")
GO = Row("a", "go", "b", "gone", "e")
BACK = Row("b", "go", "a", "gone", "e")
NOWHERE = Row(ABSENT, "go", ABSENT, "unknown", "e")
WAIT = Timer("later", timedelta(seconds=1), "invented")


def machine(*rows: Row, entry: tuple[str, ...] = ("a",), waits: tuple[Timer, ...] = ()) -> Machine:
    return Machine(Kettle, ("a", "b"), ("go",), waits, rows, entry)


def test_a_total_table_is_accepted() -> None:
    assert machine(GO, BACK, NOWHERE).rows == (GO, BACK, NOWHERE)


@pytest.mark.parametrize(
    ("rows", "fault"),
    [
        ((GO, NOWHERE), "nothing says what 'go' does in state 'b'"),
        ((GO, BACK), "nothing says what 'go' does in state 'absent'"),
        ((GO, GO, BACK, NOWHERE), "a row for go in state 'a' can never be taken"),
        ((Row("a", "go", "c", "gone", "e"), BACK, NOWHERE), "unknown state 'c'"),
        ((GO, BACK, NOWHERE, Row("a", "fly", "b", "gone", "e")), "unknown cause 'fly'"),
        ((GO, BACK, NOWHERE, Row("a", Timer("sometime", None, "e"), "b", None, "e")), "unknown cause 'after sometime'"),
        ((Row("a", "go", "b", None, "e"), BACK, NOWHERE), "nothing says what a client hears of go in state 'a'"),
        ((Row("a", "go", SAME, "stays", "e"), BACK, NOWHERE), "nobody reaches the state 'b'"),
        ((Row("a", "go", "b", "x", "e", when=lambda *_: True), BACK, NOWHERE), "the last row for go in state 'a'"),
        (
            (Row("a", "go", "b", "x", "e", assume=Assume(QUESTION, "1")), BACK, NOWHERE),
            "the last row for go in state 'a'",
        ),
    ],
)
def test_a_table_with_a_fault_is_refused_and_the_fault_is_named(rows: tuple[Row, ...], fault: str) -> None:
    with pytest.raises(MachineError, match=fault):
        machine(*rows)


def test_a_row_of_time_may_not_lead_back_to_its_own_state() -> None:
    with pytest.raises(MachineError, match="would never be over"):
        machine(GO, BACK, NOWHERE, Row("a", WAIT, SAME, None, "e"), waits=(WAIT,))


def test_every_fault_is_told_at_once() -> None:
    with pytest.raises(MachineError, match=r"'b'.*'absent'"):
        machine(GO)


def test_every_stands_for_each_state_and_same_for_the_state_it_is_in() -> None:
    spelt_out = machine(Row(EVERY, "go", SAME, "stays", "e"), NOWHERE, entry=("a", "b"))
    assert [(row.state, row.to) for row in spelt_out.rows] == [("a", "a"), ("b", "b"), (ABSENT, ABSENT)]


def test_the_earliest_wait_is_due_first() -> None:
    first = due(KETTLE, Kettle("1", START, "warming"), {"toy.boil": timedelta(seconds=7)})
    assert first is not None
    assert first[0] == START + timedelta(seconds=7)


def test_a_wait_without_end_is_never_due() -> None:
    assert due(KETTLE, Kettle("1", START, "warming"), {"toy.boil": None}) is None


def _stop_one_and_break_another(world: World) -> None:
    with world.transaction("break") as tx:
        tx.mint("a name")
        tx.ask(KETTLE, "2", "stop")
        tx.ask(KETTLE, "1", "break")


def test_a_failed_effect_changes_nothing() -> None:
    world, other_world = kitchen(), kitchen()
    with pytest.raises(RuntimeError, match="fell apart"):
        _stop_one_and_break_another(world)
    assert world.store.find(Kettle.kind, "1") == other_world.store.find(Kettle.kind, "1")
    assert list(world.store.group(Kettle.kind)) == list(other_world.store.group(Kettle.kind))
    assert world.advance_until_idle() == other_world.advance_until_idle()


def test_a_row_out_of_absence_brings_a_resource_into_being() -> None:
    world = kitchen(0)
    with world.transaction("heat") as tx:
        transition = tx.ask(KETTLE, "new", "heat", Kettle("new", tx.now))
    assert transition.subject == Kettle("new", START, "warming")
    assert [(change.source, change.to) for change in tx.changes] == [(ABSENT, "warming")]
