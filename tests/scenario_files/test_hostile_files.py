"""A scenario file of a megabyte, whatever is in it, costs what its length says: no quadratic work, no text kept many times."""

from __future__ import annotations

import inspect
import json
import sys
from collections.abc import Callable
from contextlib import suppress
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from emulator.client.in_process import InProcessClient
from emulator.kernel.errors import LONGEST, BadInput, EmulatorError, Problem
from emulator.scenario import player
from emulator.scenario.document import Document
from emulator.scenario.library import files_below
from emulator.scenario.loader import load_document, load_text
from emulator.scenario.player import play
from emulator.scenario.strict_yaml import MAX_DIRECTIVES, parse
from emulator.vendors import VENDORS
from tests.support.work import calls_of


def _message(text: str) -> str:
    with pytest.raises(BadInput) as excinfo:
        parse(text)
    return str(excinfo.value)


@pytest.mark.parametrize("before", ["", "\ufeff", "# a comment\n", "title: x\n...\n"])
@pytest.mark.parametrize("line_break", ["\n", "\r", "\r\n", "\x85", "\u2028"])
def test_a_parser_sees_few_tag_directives(before: str, line_break: str) -> None:
    lines = [f"%TAG !a{number}! x" for number in range(MAX_DIRECTIVES + 1)]
    assert f"more than {MAX_DIRECTIVES} %TAG directives" in _message(before + line_break.join(lines) + "\n--- title: x")


def test_as_many_directives_as_are_allowed_are_read() -> None:
    directives = "".join(f"%TAG !a{number}! x\n" for number in range(MAX_DIRECTIVES))
    assert parse(f"{directives}---\ntitle: |\n  50 %TAG lines\n").value == {"title": "50 %TAG lines\n"}


def test_a_mistake_in_an_anchor_is_noted_once_however_often_it_is_used() -> None:
    document = parse("a: &a {k: 1, k: 2, n: !!int x, ? [b] : 1, <<: c}\nb: [" + "*a, " * 50 + "]")
    assert len(document.problems) == 4
    assert {problem.line for problem in document.problems} == {1}
    assert document.value["b"][49] == {"k": 2, "n": "x"}


def test_a_long_key_counts_as_often_as_it_is_used() -> None:
    assert "aliases make more than 4000000 characters" in _message(f"a: &a {{? {'k' * 90_000} : 1}}\nb: [{'*a, ' * 60}]")


def test_a_message_is_cut_when_its_problem_is_made() -> None:
    assert len(Problem("x" * 1_000_000).message) == LONGEST
    assert Problem("x" * LONGEST).message == "x" * LONGEST


def _list_of(name: str, item: Callable[[int], Any]) -> Callable[[int], Any]:
    return lambda count: {name: [item(number) for number in range(count)]}


def _state_of(vendor: str, name: str, item: Callable[[int], Any]) -> Callable[[int], Any]:
    return lambda count: {"given": {vendor: {name: [item(number) for number in range(count)]}}}


FUTURE = "2099-01-01T00:00:00Z"
SCENARIOS: dict[str, Callable[[int], Any]] = {
    "timeline": _list_of("timeline", lambda n: {"after": n, "set": {"serpwow": {"account": {"name": "a"}}}}),
    "impossible timeline": _list_of("timeline", lambda n: {"after": n, "set": {"stripe": {"batch_jobs": [{"id": "x"}]}}}),
    "unknown placeholders": _list_of("steps", lambda n: {"send": f"GET /{{kep{n}}}", "keep": {f"kept{n}": "a"}}),
    "impossible headers": _list_of("steps", lambda n: {"send": "GET /", "headers": {f"a{n}": "\n"}}),
    "steps that set": _list_of("steps", lambda n: {"set": {"serpwow": {"batches": [{"id": f"A{n}"}]}}}),
    "unknown keys": lambda count: {f"x{number}": number for number in range(count)},
    "unknown keys of steps": _list_of("steps", lambda n: {f"x{n}": n}),
    "unknown timers": lambda count: {"timing": {f"x{number}": "1s" for number in range(count)}},
    "faults": _list_of("faults", lambda _: {"at": "serpwow.batches.list", "id": "x", "where": "mid-body", "do": "drop"}),
    "replies": _list_of("replies", lambda _: {"at": "serpwow.batches.list", "status": 204, "body": "x"}),
    "credentials": lambda count: {"credentials": {"serpwow": ["a"] * count}},
    "the same id": _state_of("serpwow", "batches", lambda _: {"id": "A"}),
    "unfit ids": _state_of("serpwow", "batches", lambda n: {"id": f"A/{n}"}),
    "batches": _state_of("serpwow", "batches", lambda _: {"status": "queued", "searches": 5}),
    "impossible jobs": _state_of("stripe", "batch_jobs", lambda _: {"status": "complete", "created": FUTURE}),
    "repeated impossible jobs": _state_of("stripe", "batch_jobs", lambda _: {"repeat": 2, "created": FUTURE}),
    "impossible payments": _state_of("6dot50", "batches", lambda _: {"payments": [{"msisdn": "1", "amount": 1}]}),
}


@pytest.mark.parametrize("scenario", SCENARIOS.values(), ids=SCENARIOS)
def test_the_cost_of_reading_grows_with_the_length(scenario: Callable[[int], Any]) -> None:
    def read(count: int) -> None:
        with suppress(EmulatorError):
            load_document(Document(scenario(count)), VENDORS, titled=False)

    def calls(count: int) -> int:
        return calls_of(lambda: read(count))

    calls(10)  # what is made once for all is made
    few, many, more = calls(60), calls(120), calls(240)
    assert more - many < 2.5 * (many - few) + few / 10


def _multiplying(steps: int) -> str:
    """Return a scenario in which each step sends ten times what the one before it kept."""
    names = ["serpwow.api_key", *(f"kept{number}" for number in range(steps))]
    send = "PUT /echo?api_key={serpwow.api_key}"
    all_steps = [{"send": send, "body": f"{{{before}}}" * 10, "keep": {name: "body"}} for before, name in pairwise(names)]
    return json.dumps({"title": "x", "steps": all_steps})


class _Echo:
    """A client whose server says what it was sent."""

    def __init__(self) -> None:
        self._client = InProcessClient()
        self.sent: list[str] = []

    def send(self, method: str, target: bytes, headers: Any = (), content: bytes | None = None) -> Any:
        response = self._client.send(method, target, headers, content)
        if method != "PUT":
            return response
        self.sent.append((content or b"").decode())
        return response._replace(status=200, headers=(), content=json.dumps({"body": self.sent[-1]}).encode())


def test_what_a_step_sends_is_bounded_once_its_placeholders_are_filled(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(player, "MAX_FILLED_SIZE", 100_000)
    echo = _Echo()
    result = play(load_text(_multiplying(13), VENDORS, "bomb", "bomb.json"), echo)
    assert max(map(len, echo.sent)) <= 100_000
    assert "more than 100000 characters" in str(result.differences[-1])


def test_what_is_kept_is_filled_in_as_it_is() -> None:
    """A kept text that looks like a placeholder is not filled again, which could go on for ever."""
    echo = _Echo()
    steps = [
        {"send": "PUT /echo", "body": "{a}{b}", "keep": {"a": "body"}},
        {"send": "PUT /echo", "body": "kept", "keep": {"b": "body"}},
        {"send": "PUT /echo", "body": "<{a}>{{b}}"},
    ]
    play(load_text(json.dumps({"title": "x", "steps": steps}), VENDORS, "x", "x.json"), echo)
    assert echo.sent == ["{a}{b}", "kept", "<{a}{b}>{kept}"]


def test_folders_within_folders_are_looked_through_however_deep(tmp_path: Path) -> None:
    deep = tmp_path.joinpath(*["b"] * 300)
    deep.mkdir(parents=True)
    names = ["a.yaml", f"{'b/' * 300}d.yaml", "c.yaml"]
    for name in names:
        (tmp_path / name).touch()
    before = sys.getrecursionlimit()
    try:
        sys.setrecursionlimit(len(inspect.stack()) + 100)
        found = [*files_below(str(tmp_path))]
    finally:
        sys.setrecursionlimit(before)
    assert found == [str(tmp_path / name) for name in names]
