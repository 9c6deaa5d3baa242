"""The regular expressions of the package, found in its source, and texts that are the worst for each of them."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator
from functools import cache, partial
from importlib import import_module
from itertools import product
from pathlib import Path
from time import thread_time
from typing import Any, NamedTuple

from emulator.control.openapi import document
from emulator.scenario.schema import scenario_schema
from emulator.text.pattern import Pattern
from emulator.vendors import VENDORS

ROOT = Path(__file__).parents[2]
METHODS = ("compile", "search", "match", "fullmatch", "finditer", "findall", "sub", "subn", "split")
LENGTH, TIMES = 400, 8
"""The length of an attack, in repetitions, and how many times as long the other is that it is compared with."""


_LITERAL = re.compile(r"[^\w /-]")


class Use(NamedTuple):
    """A regular expression, where it stands, and the method by which a text is shown to it."""

    place: str
    pattern: re.Pattern[Any]
    method: str

    def show(self, text: str) -> None:
        """Show it a text, as the package does."""
        subject = text.encode() if isinstance(self.pattern.pattern, bytes) else text
        arguments = (subject[:0], subject) if self.method in ("sub", "subn") else (subject,)
        match = getattr(self.pattern, self.method)(*arguments)
        if self.method == "finditer":
            for _ in match:
                pass


@cache
def uses() -> list[Use]:
    """Return every use of a regular expression that can be read from the source."""
    return [use for path in _sources() for use in _uses_in(path)]


def uses_of_schemas() -> list[Use]:
    """Return the patterns of the schemas that what is written is held against."""
    patterns = sorted({*_patterns_in(scenario_schema(VENDORS)), *_patterns_in(document(VENDORS))})
    return [Use("schema", re.compile(pattern), "search") for pattern in patterns]


def _patterns_in(schema: Any) -> Iterator[str]:
    if isinstance(schema, dict):
        if isinstance(pattern := schema.get("pattern"), str):
            yield pattern
        yield from (pattern for part in schema.values() for pattern in _patterns_in(part))
    elif isinstance(schema, list):
        yield from (pattern for part in schema for pattern in _patterns_in(part))


def unread() -> list[str]:
    """Return the places whose expressions are known only when they run."""
    return [
        f"{_name(path)}: {ast.unparse(call)}" for path in _sources() for call in _calls(path) if _pattern(path, call) is None
    ]


def worst_growth(use: Use) -> tuple[float, str]:
    """Return how many times as long a text takes that is TIMES as long, for the attack that takes longest, and that attack."""
    slowest = sorted(_attacks(use.pattern), key=lambda attack: _time(use, attack(LENGTH)), reverse=True)[:20]
    slowest.sort(key=lambda attack: min(_time(use, attack(LENGTH)) for _ in range(5)), reverse=True)
    return max((_growth(use, attack), repr(attack(2))) for attack in slowest[:3])


def _growth(use: Use, attack: Callable[[int], str]) -> float:
    """Return the growth of the time, the least of some tries: what else runs meanwhile only adds to it."""
    return min(_time(use, attack(TIMES * LENGTH)) / max(_time(use, attack(LENGTH)), 1e-6) for _ in range(3))


def _time(use: Use, text: str) -> float:
    began = thread_time()
    use.show(text)
    return thread_time() - began


def _attacks(pattern: re.Pattern[Any]) -> Iterator[Callable[[int], str]]:
    """Yield texts that repeat what the expression is made of, after and before what makes it fail."""
    source = pattern.pattern.decode("latin-1") if isinstance(pattern.pattern, bytes) else pattern.pattern
    words = dict.fromkeys([*re.findall(r"[A-Za-z]{2,}|_\w+", source), *re.findall(r"[^\w\s]", source), *"a0 _\n"])
    signs = [word for word in words if not word.isalnum()]
    pairs = [first + second for first, second in sorted(product(words, repeat=2), key=lambda pair: pair[1] not in signs)]
    heads = dict.fromkeys(["", _LITERAL.split(source)[0], *signs[:8]])
    for pump, head, tail in product([*words, *pairs][:100], heads, ("", "\x01")):
        yield partial(_text, head, pump, tail)
    for pump in [*words, *pairs][100:1_000]:
        yield partial(_text, "", pump, "\x01")


def _text(head: str, pump: str, tail: str, count: int) -> str:
    return head + pump * (count // len(pump)) + tail


def _sources() -> list[Path]:
    return [*sorted((ROOT / "emulator").rglob("*.py")), ROOT / "batch_emulator_pytest.py"]


def _name(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts)


def _calls(path: Path) -> Iterator[ast.Call]:
    text = path.read_text(encoding="utf-8")
    for node in ast.walk(ast.parse(text)) if "import re\n" in text or "import pattern\n" in text else ():
        match node:
            case ast.Call(func=ast.Attribute(value=ast.Name(id="re"), attr=function)) if function in METHODS:
                yield node
            case ast.Call(func=ast.Name(id="pattern")):
                yield node


def _function(call: ast.Call) -> str:
    """Return the function of `re` that a call is of; one to `pattern` compiles, if later."""
    return call.func.attr if isinstance(call.func, ast.Attribute) else "compile"


def _pattern(path: Path, call: ast.Call) -> re.Pattern[Any] | None:
    """Return the expression of a call, or None where names of its function are in it."""
    is_compile = _function(call) == "compile"
    flags = [argument for argument in call.args[1:] if is_compile and ast.unparse(argument).startswith("re.")]
    flags += [keyword.value for keyword in call.keywords if keyword.arg == "flags"]
    names = vars(import_module(_name(path)))
    try:
        return re.compile(*(eval(ast.unparse(argument), names) for argument in (call.args[0], *flags)))
    except NameError:
        return None


def _uses_in(path: Path) -> Iterator[Use]:
    for call in _calls(path):
        pattern = _pattern(path, call)
        function = _function(call)
        if pattern is not None:
            for method in [function] if function != "compile" else _methods(path, pattern):
                yield Use(f"{_name(path)}:{call.lineno}", pattern, method)


def _methods(path: Path, pattern: re.Pattern[Any]) -> list[str]:
    """Return the methods of a compiled expression that are named anywhere, by the name it has in its module."""
    known = {name: value for name, value in vars(import_module(_name(path))).items() if isinstance(value, re.Pattern | Pattern)}
    named = {name for name, value in known.items() if (value.pattern, value.flags) == (pattern.pattern, pattern.flags)}
    return sorted({method for name, method in _method_names() if name in named})


@cache
def _method_names() -> frozenset[tuple[str, str]]:
    """Return every name that a method of expressions is asked of, with the method."""
    text = "\n".join(source.read_text(encoding="utf-8") for source in _sources())
    return frozenset(re.findall(rf"\b(\w+)\.({'|'.join(METHODS)})\b", text))
