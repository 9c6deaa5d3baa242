"""The vendors in the box keep the promises of every vendor, and the conformance kit says which promise a vendor breaks, and where."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from msgspec.structs import replace

from emulator.contract.evidence import load_evidence
from emulator.kernel.machine import Machine, Row
from emulator.sdk import AccountWords, Assume, Assumption, Vendor
from emulator.sdk.conformance import Check, NotConformant, checks
from emulator.vendors import VENDORS
from emulator.vendors.sixdot50 import SIXDOT50
from emulator.vendors.sixdot50.assumptions.requests import OTHER_ORGANISATION

UNREACHABLE = {
    ("serpwow.batch", "idle", "stopall"),
    ("serpwow.batch", "*", "create"),
    ("serpwow.destination", "kept", "create"),
    ("serpwow.batch", "absent", "stopall"),
    ("6dot50.batch", "*", "create"),
    ("6dot50.batch", "absent", "conclude"),
    ("6dot50.payment", "*", "add_payments"),
    ("6dot50.payment", "absent", "clear"),
    ("6dot50.payment", "absent", "submit"),
    ("6dot50.payment", "absent", "cancel"),
    ("6dot50.payment", "absent", "register"),
    ("6dot50.payment", "DRAFT", "register"),
    ("6dot50.payment", "SETTLED", "register"),
    ("6dot50.payment", "CANCELLED", "register"),
}
"""Rows that a total table must have and no client can reach: only effects give these commands, and only where they fit."""


@pytest.mark.parametrize("vendor", VENDORS)
def test_a_vendor_in_the_box_conforms(vendor: str) -> None:
    for check in checks(VENDORS[vendor], UNREACHABLE):
        check()


def test_a_row_that_no_scenario_takes_is_named() -> None:
    with pytest.raises(NotConformant) as excinfo:
        check_of(SIXDOT50, "every row is walked by a scenario")()
    lines = str(excinfo.value).splitlines()[1:]
    assert "6dot50.batch: * --create--> = (batch): no scenario takes this row" in lines
    assert len(lines) == sum(kind.startswith("6dot50.") for kind, _, _ in UNREACHABLE)


def test_a_fact_that_an_answer_cites_and_nobody_knows_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    facts = {id: fact for id, fact in load_evidence(SIXDOT50).items() if id != "6dot50-auth-4"}
    monkeypatch.setattr("emulator.reports.conformance.load_evidence", lambda _: facts)
    with pytest.raises(NotConformant, match=r"an answer or a scenario: evidence\.yaml has no '6dot50-auth-4'"):
        check_of(SIXDOT50, "every fact that is cited is in evidence.yaml")()


def check_of(vendor: Vendor, promise: str) -> Check:
    return next(check for check in checks(vendor) if str(check) == promise)


def with_first_row(change: Callable[[Row], Row]) -> Vendor:
    """6DOT50 with another first row of its batches."""
    batch, *others = SIXDOT50.machines
    first, *rest = batch.table
    machine = Machine(batch.of, batch.states, batch.commands, batch.timers, (change(first), *rest), batch.entry)
    return replace(SIXDOT50, machines=(machine, *others))


@pytest.mark.parametrize(
    ("vendor", "promise", "finding"),
    [
        (
            replace(SIXDOT50),
            "the vendor is registered",
            "no entry point of the group batch_emulator.vendors leads to '6dot50': name it, and install the package",
        ),
        (
            with_first_row(lambda row: replace(row, answer="hidden")),
            "every answer of a row has a renderer",
            r"6dot50.batch: \* --get--> = \(hidden\): Vendor.renderers has no 'hidden'",
        ),
        (
            with_first_row(lambda row: replace(row, evidence="6dot50-nowhere-1")),
            "every fact that is cited is in evidence.yaml",
            r"6dot50.batch: \* --get--> = \(forbidden\): evidence.yaml has no '6dot50-nowhere-1'",
        ),
        (
            with_first_row(lambda row: replace(row, assume=Assume(OTHER_ORGANISATION, "418"))),
            "every choice that a row names exists",
            r"6dot50.batch: \* --get--> = \(forbidden\): 6dot50.other-organisation has no choice '418'",
        ),
        (
            replace(SIXDOT50, assumptions=(Assumption("6dot50.tea", "How is it?", ("weak", "strong"), "It may be."),)),
            "every choice of an assumption is played by a scenario",
            "6dot50.tea: no scenario with `assume: {6dot50.tea: 'strong'}` asks for it",
        ),
        (
            replace(SIXDOT50, operations=(replace(SIXDOT50.operations[0], name="6dot50.nothing"),)),
            "every operation has its responses in replies.yaml",
            "6dot50.nothing: name its statuses and their schemas",
        ),
        (
            replace(SIXDOT50, deletable={"batches.paymnts": SIXDOT50.deletable["batches.payments"]}),
            "whatever can be deleted stands in a list of the state",
            "Vendor.deletable: the schema of the state has no list 'batches.paymnts'",
        ),
        (
            replace(SIXDOT50, accounts=AccountWords("purse", "purses")),
            "the accounts that a world can tell apart stand in a list of the state",
            "Vendor.accounts: the schema of the state has no list 'purses' of accounts with an id",
        ),
    ],
)
def test_the_kit_says_what_is_missing_and_where(vendor: Vendor, promise: str, finding: str) -> None:
    with pytest.raises(NotConformant, match=f"^{promise}, but:(.*\n)*{finding}"):
        check_of(vendor, promise)()
