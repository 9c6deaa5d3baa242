"""The regular expressions of the package: each takes time in proportion to the text that it is shown, the worst one too."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import TypeGuard

import pytest

import emulator
from emulator.kernel.time import LONGEST_TEXT, parse_duration
from tests.support.expressions import TIMES, Use, unread, uses, uses_of_schemas, worst_growth

PACKAGE = Path(emulator.__file__).parent

BOUNDED = {
    r"([0-9]+(?:[.,][0-9]+)?)([WDHMS])": "a duration of at most LONGEST_TEXT characters",
    r"((?:[0-9]+(?:\.[0-9]+)?|\.[0-9]+))((?:ns|us|µs|μs|ms|s|m|h|d|w))": "the same",
}
"""Expressions that are slow over long texts, and why none is shown to them."""

WHEN_RUN = [
    "emulator.scenario.fitting: re.search(exact, value)",
    "emulator.scenario.validation: re.search(exact, value)",
    "emulator.scenario.validation: re.search(schema.get('pattern', ''), str(value))",
    r"emulator.text.letters: re.compile(f'{it}(?=[\\W_])(?<=[\\W_]{it})')",
    "emulator.text.occurrences: re.compile('|'.join(map(re.escape, wanted)))",
    "emulator.text.pattern: re.compile(self._text, self._flags)",
    "emulator.vendors.stripe.requests.pages: re.fullmatch(_PAGE + marks, page)",
]
"""Calls whose expressions are in no source: those of the schemas, a word of a client, and patterns that are compiled when
they are first used, which are read where they are made. All are tried by themselves."""


def test_every_expression_takes_time_in_proportion_to_its_text() -> None:
    expressions = [use for use in [*uses(), *uses_of_schemas()] if use.pattern.pattern not in BOUNDED]
    growths = [(use.place, use.method, use.pattern.pattern, *worst_growth(use)) for use in expressions]
    assert [use for use in growths if use[3] > 2.5 * TIMES] == []


@pytest.mark.parametrize("word", ["a", "aaaaaaaa", "aba", r"\."])
def test_a_word_is_found_in_time_in_proportion_to_the_text(word: str) -> None:
    assert worst_growth(Use("here", re.compile(rf"{word}(?=[\W_])(?<=[\W_]{word})"), "finditer"))[0] <= 2.5 * TIMES


def test_an_expression_that_goes_back_is_found_out() -> None:
    pages = r"_(?:algorithm|count|expir\w*)_$|_(?:next|page)_\w*token_$|_(?:max|min)_tokens_$"
    for slow in (r"\[.*?\]", r"_expires\w*!", r"(\\*+)([\"'])", r"\\+u([0-9A-Fa-f]{4})", pages):
        assert worst_growth(Use("here", re.compile(slow), "search"))[0] > 2.5 * TIMES


def test_every_expression_is_tried() -> None:
    assert unread() == WHEN_RUN
    assert {use.pattern.pattern for use in uses()} >= {*BOUNDED}


def test_no_import_compiles_an_expression() -> None:
    sources = {path: ast.parse(path.read_text("utf-8")) for path in PACKAGE.rglob("*.py")}
    early = [f"{path}:{it.lineno}" for path, tree in sources.items() for it in run_by_import(tree) if is_compilation(it)]
    assert early == []


def run_by_import(node: ast.AST) -> Iterator[ast.AST]:
    """Yield the parts of a module that run when it is imported."""
    yield node
    for child in ast.iter_child_nodes(node):
        if not isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)):
            yield from run_by_import(child)


def is_compilation(node: ast.AST) -> TypeGuard[ast.Call]:
    """Tell whether a part of a module is a call of `re.compile`."""
    return isinstance(node, ast.Call) and ast.unparse(node.func) == "re.compile"


def test_a_long_duration_is_refused_before_it_is_taken_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("emulator.kernel.time.re.findall", None)
    monkeypatch.setattr("emulator.kernel.time.re.fullmatch", None)
    with pytest.raises(ValueError, match="duration"):
        parse_duration("1" * LONGEST_TEXT + "s")
