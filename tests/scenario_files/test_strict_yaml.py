"""YAML's own guesses are not made, and what is odd about a document is told with its place."""

from __future__ import annotations

import re
from contextlib import suppress
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from emulator.contract.fixtures import fixtures_folder, scenario_folders
from emulator.kernel.errors import BadInput
from emulator.scenario import strict_yaml
from emulator.scenario.document import MAX_DEPTH
from emulator.scenario.strict_yaml import parse
from emulator.vendors import VENDORS

TOO_DEEP = f"nested more than {MAX_DEPTH} deep"


@pytest.fixture(params=["CSafeLoader", "SafeLoader"])
def parser(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Reads with libyaml, which PyYAML has on most machines, and with PyYAML's own parser, which it has on all."""
    if not hasattr(yaml, request.param):
        pytest.skip("PyYAML has no libyaml here")
    monkeypatch.setattr(strict_yaml, "Composer", strict_yaml.composer_on(getattr(yaml, request.param)))


@pytest.mark.usefixtures("parser")
@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("on", "on"),
        ("yes", "yes"),
        ("no", "no"),
        ("true", True),
        ("false", False),
        ("null", None),
        ("~", None),
        ("0123", "0123"),
        ("1:30", "1:30"),
        ("0x1f", "0x1f"),
        ("1e3", "1e3"),
        (".5", ".5"),
        ("2026-03-09T20:55:31Z", "2026-03-09T20:55:31Z"),
        ("12", 12),
        ("-12", -12),
        ("1.10", Decimal("1.10")),
        ("'12'", "12"),
        ('"true"', "true"),
        ("[1, a]", [1, "a"]),
        ("{on: off}", {"on": "off"}),
        ("", None),
        ("!!str 5", "5"),
        ("! 5", "5"),
        ("!<tag:yaml.org,2002:str> true", "true"),
        ("!!str", ""),
        ("{!!str 5: a}", {"5": "a"}),
    ],
)
def test_a_scalar_is_what_it_looks_like(text: str, value: Any) -> None:
    scalar = parse(text).value
    assert scalar == value
    assert type(scalar) is type(value)


@pytest.mark.usefixtures("parser")
@pytest.mark.parametrize(
    ("text", "line", "column", "message"),
    [
        ("a: 1\nb: 2\na: 3", 3, 1, "the key 'a' is given twice"),
        ("a: !!python/object:os.system x", 1, 4, "is not allowed"),
        ("a: !custom x", 1, 4, "is not allowed"),
        ("{[1]: 2}", 1, 2, "a key must be a plain word"),
        ("a: 1\n? !foo bar", 2, 3, "the tag !foo is not allowed"),
        ("? !!binary aGk=\n: 1", 1, 3, "is not allowed"),
        ("a: &x 1\nb: {*x : 2, 1: 3}", 2, 13, "the key '1' is given twice"),
        ("a: !!int five", 1, 4, "the tag !!int is not allowed before a scalar"),
        ("a: !!str {b: 1}", 1, 4, "the tag !!str is not allowed before a mapping"),
        ("a: !!map [b]", 1, 4, "the tag !!map is not allowed before a sequence"),
        ("a: !!timestamp 2026-03-09", 1, 4, "the tag !!timestamp is not allowed"),
        ("a: !!binary aGk=", 1, 4, "the tag !!binary is not allowed"),
        ("{!!int 5: a}", 1, 2, "the tag !!int is not allowed before a key"),
        ("a: {<<: 5}", 1, 9, "'<<' merges a mapping or a list of mappings, not '5'"),
        ("a: &a [b]\nc: {<<: *a}", 1, 8, "'<<' merges a mapping or a list of mappings, not 'b'"),
        ("a: &a {b: 1}\nc: {<<: *a, <<: *a}", 2, 13, "the key '<<' is given twice: merge a list"),
    ],
)
def test_an_oddity_is_told_with_its_place(text: str, line: int, column: int, message: str) -> None:
    (problem,) = parse(text).problems
    assert (problem.line, problem.column) == (line, column)
    assert message in problem.message


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: [1, 2", "not YAML: "),
        ("a: b: c", "not YAML: "),
        ("a: 'b", "not YAML: "),
        ("a: @b", "not YAML: "),
        ("a:\n\t- b", "not YAML: a tab cannot stand here; indent with spaces"),
        ("\x00", "the character #x0000 is not allowed in YAML"),
        ("a: \ud800", "the character #xd800 is not allowed in YAML"),
        ("[" * 200, TOO_DEEP),
        ("[" * 100_000, TOO_DEEP),
        ("a: " + "{" * 990, TOO_DEEP),
        ("{a: " * 50_000, TOO_DEEP),
        ("[\n" * 50_000, TOO_DEEP),
        ("- " * 50_000, TOO_DEEP),
        ("? " * 50_000, TOO_DEEP),
        ("a: &a [*a]", "an alias within itself"),
        ("a: *nowhere", "the alias *nowhere has no anchor &nowhere above it"),
        ("- *it\n- &it a", "the alias *it has no anchor &it above it"),
        ("a: &it 1\nb: &it 2", "the anchor &it is given twice"),
        ("a: &a {<<: *a}", "merged with itself"),
        ("a: &a {b: {<<: [*a]}}", "merged with itself"),
        ("\n".join(["a0: &a0 {}", *(f"a{n}: &a{n} {{<<: *a{n - 1}}}" for n in range(1, 999))]), "more than 40 deep"),
        (
            "\n".join(["a0: &a0 {b: 1}", *(f"a{n}: &a{n} {{<<: [{f'*a{n - 1}, ' * 10}]}}" for n in range(1, 9))]),
            "more than 100000",
        ),
        ("- " + "x" * 1_000_000, "larger than"),
        ("--- a\n--- b", "a second document begins here; a file has one"),
        ("a\n...\n--- b", "a second document begins here; a file has one"),
    ],
    ids=repr,
)
@pytest.mark.usefixtures("parser")
def test_what_cannot_be_read_is_refused_in_our_own_words(text: str, message: str) -> None:
    with pytest.raises(BadInput, match=re.escape(message)):
        parse(text)


@pytest.mark.parametrize(
    ("text", "line", "column"),
    [
        ("\x07", 1, 1),
        ("title: A\nseed: \x01", 2, 7),
        ("a: é\nb: [ü,\n  \x1b[0m]", 3, 3),
        ("a: b: c", 1, 5),
        ("a: 1\nb: *nowhere", 2, 4),
        ("--- a\n--- b", 2, 1),
        ("[\n" * 50, MAX_DEPTH + 1, 1),
    ],
)
@pytest.mark.usefixtures("parser")
def test_what_cannot_be_read_is_told_with_its_place(text: str, line: int, column: int) -> None:
    with pytest.raises(BadInput) as excinfo:
        parse(text)
    assert [(problem.line, problem.column) for problem in excinfo.value.problems] == [(line, column)]


def test_a_bomb_of_aliases_is_refused() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 9)]
    with pytest.raises(BadInput, match="more than"):
        parse("\n".join(lines))


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("{<<: {x: 1}, y: 2}", {"x": 1, "y": 2}),
        ("{<<: {x: 1}, x: 2}", {"x": 2}),
        ("{x: 2, <<: {x: 1}}", {"x": 2}),
        ("{<<: [{x: 1}, {x: 2, y: 3}]}", {"x": 1, "y": 3}),
        ("{<<: {<<: {x: 1}, y: 2}, z: 3}", {"x": 1, "y": 2, "z": 3}),
        ("{<<: []}", {}),
        ("{'<<': 1}", {"<<": 1}),
        ("<<", "<<"),
    ],
)
def test_a_merge_key_brings_in_what_the_mapping_does_not_say_itself(text: str, value: Any) -> None:
    document = parse(text)
    assert (document.value, document.problems) == (value, [])


def test_what_is_merged_is_where_its_alias_is_and_the_rest_where_it_stands() -> None:
    places = parse("- &a\n  x: 1\n  y: {z: 2}\n- <<: *a\n  x: 3\n").places
    assert [places[path] for path in [(1,), (1, "x"), (1, "y"), (1, "y", "z")]] == [(4, 3), (5, 6), (4, 7), (4, 7)]


@pytest.mark.parametrize("folder", [fixtures_folder(), *scenario_folders(VENDORS.values())], ids=lambda folder: folder.name)
def test_what_is_shipped_can_be_read_without_libyaml(folder: Path) -> None:
    files = [*folder.rglob("*.yaml")]
    assert files
    for file in files:
        assert [*yaml.parse(file.read_text("utf-8"), yaml.SafeLoader)]


@given(st.text(max_size=200))
def test_any_text_is_read_or_refused(text: str) -> None:
    with suppress(BadInput):
        assert isinstance(parse(text).problems, list)
