"""Files and texts of people are bounded before they are read, and what is said of them is bounded, too."""

from __future__ import annotations

import os
import sys
from decimal import Decimal
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from emulator.cli.main import main
from emulator.kernel.errors import LONGEST, MAX_PROBLEMS, BadInput, Problem
from emulator.scenario.files import FileTooLarge, read_bounded
from emulator.scenario.loader import load_document, load_file, load_text
from emulator.scenario.scenario import Scenario
from emulator.scenario.state_schema import state_schema
from emulator.scenario.strict_json import KeyTwice, _unique
from emulator.scenario.validation import problems_in
from emulator.server.tls import NoAuthority, Tls
from emulator.text import nearest
from emulator.vendors import VENDORS

LINKS = [("loop.yaml", "loop.yaml", "is a link that leads back to itself"), ("gone.yaml", "nowhere", "is a link to nothing")]


def _error_of(text: str) -> BadInput:
    with pytest.raises(BadInput) as excinfo:
        load_text(text, VENDORS, "x", "x.yaml")
    return excinfo.value


def _large(path: Path) -> Path:
    """Return a file of 300 MB that takes no room on the disk."""
    with path.open("wb") as file:
        file.truncate(300_000_000)
    return path


@pytest.mark.parametrize("name", ["large.yaml", "large.json"])
def test_a_file_that_is_too_large_is_not_read(tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "open", None)
    with open(tmp_path / name, "wb") as file:
        file.truncate(300_000_000)
    with pytest.raises(BadInput, match="larger than 1000000 bytes"):
        load_file(tmp_path / name, VENDORS)


def test_a_file_that_grows_meanwhile_is_read_no_further(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    small = os.stat(tmp_path / "a") if (tmp_path / "a").write_bytes(b"x") else None
    large = _large(tmp_path / "large.yaml")
    monkeypatch.setattr(Path, "stat", lambda _: small)
    with pytest.raises(FileTooLarge, match="larger than 10 bytes"):
        read_bounded(large, 10)


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.yaml")
    with pytest.raises(BadInput, match="no regular file"):
        load_file(tmp_path / "pipe.yaml", VENDORS)


def test_a_file_that_becomes_a_pipe_meanwhile_is_not_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    regular = os.stat(tmp_path / "a") if (tmp_path / "a").write_bytes(b"x") else None
    os.mkfifo(tmp_path / "pipe.yaml")
    monkeypatch.setattr(Path, "stat", lambda _: regular)
    with pytest.raises(FileTooLarge, match="no regular file"):
        read_bounded(tmp_path / "pipe.yaml", 10)


def test_no_bound_is_named_for_a_pipe_that_is_opened(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    told = CliRunner().invoke(main, ["open", str(tmp_path / "pipe")])
    assert told.stderr == f"Error: {tmp_path}/pipe: is no regular file: name one that ends\n"


HOURS = state_schema(VENDORS.values())


@pytest.mark.parametrize(
    "value",
    [
        {"serpwow": {"batches": [{"schedule_hours": [{"a": n} for n in range(3_000)]}]}},
        {"serpwow": {"batches": [{"schedule_hours": [[n] for n in range(3_000)]}]}},
        {f"key{n}": n for n in range(3_000)},
    ],
)
def test_mistakes_take_no_longer_than_they_are_many(value: Any) -> None:
    steps = 0

    def count(_frame: object, event: str, _arg: object) -> None:
        nonlocal steps
        steps += event in ("call", "c_call")

    sys.setprofile(count)
    try:
        found = [*problems_in(value, HOURS)]
    finally:
        sys.setprofile(None)
    assert len(found) >= 3_000
    assert steps < 1_000 * 3_000


def test_numbers_that_are_there_twice_are_told() -> None:
    hours = [1, 2, Decimal("1.0")]
    found = [*problems_in({"serpwow": {"batches": [{"schedule_hours": hours}]}}, HOURS)]
    assert "an item twice" in str(found)


@pytest.mark.parametrize(("name", "target", "is_told"), LINKS)
def test_a_link_that_leads_to_no_file_is_told_as_what_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, target: str, is_told: str
) -> None:
    monkeypatch.chdir(tmp_path)
    Path(name).symlink_to(target)
    for command, path in product(("check", "play", "serve"), (name, ".")):
        if (command, path) != ("serve", "."):
            result = CliRunner().invoke(main, [command, path])
            assert (result.exit_code, f"{name}: {is_told}" in result.output) == (1, True), result.output
            assert isinstance(result.exception, SystemExit)


@pytest.mark.parametrize("count", [3, 100, 130])
def test_a_hundred_differences_are_told_and_each_in_a_thousand_letters(tmp_path: Path, count: int) -> None:
    expected = "".join(f"            k{n}{'x' * 1_000}: 1\n" for n in range(count))
    text = f"title: A\nsteps:\n  - send: GET /live/account\n    get:\n      json:\n        request_info:\n{expected}"
    (tmp_path / "a.yaml").write_text(text)
    result = CliRunner().invoke(main, ["play", str(tmp_path / "a.yaml")])
    lines = result.output.splitlines()
    assert sum("request_info has no 'k" in line for line in lines) == min(count, 100)
    assert ("... and 30 differences more" in lines) == (count == 130)
    assert f"1 scenario played, {count} differences" in lines
    assert max(map(len, lines)) <= LONGEST


def test_an_authority_that_is_too_large_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EMULATOR_TLS_FOLDER", str(tmp_path))
    (tmp_path / "authority").mkdir()
    for name in ("ca.pem", "ca.key"):
        _large(tmp_path / "authority" / name)
    with pytest.raises(NoAuthority, match="larger than"):
        Tls(())


MANY: list[tuple[str, str]] = [
    ("title: x\n{}", "k{}: 1\n"),
    ("title: x\n{}", "a: 1\n"),
    ("title: x\ngiven: {{{}}}", "k{}: 1, "),
    ("title: x\nsteps: [{}]", "{{sned: {}}}, "),
    ("title: x\nsteps: [{}]", "{{send: 'GET /{{a{}}}'}}, "),
    ("title: x\nfaults: [{}]", "{{}}, "),
    ("title: x\ngiven: {{serpwow: {{batches: [{}]}}}}", "1, "),
    ("title: x\ngiven: {{6dot50: {{members: [{}]}}}}", "1, "),
    ("title: x\nreplies: [{}]", "{{at: serpwow.batches.crate, status: 200}}, "),
]


@pytest.mark.parametrize(("around", "part"), MANY)
def test_the_first_mistakes_are_told_and_the_rest_are_counted(around: str, part: str) -> None:
    error = _error_of(around.format("".join(part.format(n) for n in range(1_000))))
    lines = error.lines()
    assert len(lines) == MAX_PROBLEMS + 1
    assert lines[-1] == f"and {error.omitted} more mistakes"
    assert error.omitted >= 800
    assert not any("does not fit" in line or line.endswith(": unknown key") for line in lines)
    assert [problem.line or 0 for problem in error.shown_problems()] == sorted(
        problem.line or 0 for problem in error.shown_problems()
    )


@pytest.mark.parametrize(("around", "part"), MANY)
def test_the_work_for_mistakes_grows_with_their_number(around: str, part: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def comparisons(count: int) -> int:
        calls = 0

        def counting(name: str, word: str) -> tuple[int, int] | None:
            nonlocal calls
            calls += 1
            return rank_of(name, word)

        rank_of = nearest.rank_of
        monkeypatch.setattr(nearest, "rank_of", counting)
        _error_of(around.format("".join(part.format(n) for n in range(count))))
        monkeypatch.setattr(nearest, "rank_of", rank_of)
        return calls

    assert comparisons(600) <= 6 * comparisons(200)


@given(st.lists(st.text(max_size=3 * LONGEST), max_size=3 * MAX_PROBLEMS // 2), st.text(max_size=3 * LONGEST))
def test_a_refusal_is_bounded(messages: list[str], key: str) -> None:
    error = BadInput([Problem(message, (key,)) for message in messages], "x.yaml")
    assert len(error.lines()) <= MAX_PROBLEMS + 1
    assert all(len(problem.message) <= LONGEST + 1 for problem in error.shown_problems())
    assert len(str(error)) <= (MAX_PROBLEMS + 1) * 4 * LONGEST


@pytest.mark.parametrize(
    "text",
    ["a: [" + "a," * 100_001 + "]", "{" + "".join(f"k{n}," for n in range(100_001)) + "}"],
)
def test_a_document_of_too_many_values_is_refused_as_it_is_read(text: str) -> None:
    assert "more than 100000 values" in str(_error_of(text))


def test_aliases_cannot_make_much_of_little() -> None:
    assert "aliases make more than 4000000 characters" in str(
        _error_of('a: &a "' + "x" * 500_000 + '"\nb: [' + "*a, " * 20 + "]")
    )


@pytest.mark.parametrize("state", [
    {"given": {"serpwow": {"batches": [{"repeat": 200_001}]}}},
    {"given": {"serpwow": {"batches": [{"repeat": 120_000}, {"repeat": 120_000}]}}},
    {"given": {"serpwow": {"batches": [{"repeat": 120_000}]}}, "timeline": [{"after": "1s", "set": {"serpwow": {"batches": [{"repeat": 120_000}]}}}]},
    {"timeline": [{"after": "1s", "set": {"serpwow": {"batches": [{"repeat": 1_000}]}}}] * 201},
    {"given": {"6dot50": {"batches": [{"repeat": 1_000, "name": "A", "status": "DRAFT", "payments": [{"repeat": 1_000, "msisdn": "27821231234", "amount": 1}]}]}}},
])  # fmt: skip
def test_resources_are_counted_before_any_is_made(state: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "emulator.scenario.state.expand_repeats", lambda state, _: state if not state else pytest.fail("it was made")
    )
    with pytest.raises(BadInput, match="200000"):
        load_value({"title": "x", **state})


def load_value(value: dict[str, Any]) -> Scenario:
    """Load a scenario that was read already."""
    from emulator.scenario.document import Document

    return load_document(Document(value), VENDORS)


def test_a_key_given_twice_is_found_in_one_pass() -> None:
    class Counted(str):
        compared = 0

        __hash__ = str.__hash__

        def __eq__(self, other: object) -> bool:
            Counted.compared += 1
            return str.__eq__(self, str(other))

    names = [*(Counted(f"k{n}") for n in range(3_000)), Counted("k2999")]
    with pytest.raises(KeyTwice, match="k2999"):
        _unique([(name, 1) for name in names])
    assert Counted.compared < 10 * len(names)
