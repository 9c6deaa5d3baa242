"""Problems of what steps send: methods that HTTP has not, and names under which no step before has captured anything."""

from __future__ import annotations

from collections.abc import Iterator
from http import HTTPMethod
from typing import Any

from emulator.kernel.errors import MAX_PROBLEMS, Problem
from emulator.scenario.accounts import accounts_given
from emulator.scenario.checks.steps import STEP_KEYS
from emulator.scenario.document import InvalidPaths, JsonObject, Path
from emulator.scenario.schema import PLACEHOLDER
from emulator.sdk.vendor import Vendors
from emulator.text.checkpoint import checkpoint
from emulator.text.nearest import hint
from emulator.text.pattern import pattern
from emulator.text.redact import redact_text

METHODS = [method.value for method in HTTPMethod]


ANY = "{"
"""Stands among the names for every name: behind a step that may have captured anything. No name has a brace in it."""

OF_THE_WORLD = "{!r} is what the world itself has under this name: keep the value under another"

STATES = ("set", "see")
"""Keys of a step in which a text may have braces of its own, as JSON has: it is looked at where it is a name in braces."""

NAMING = ("fault", "reply", "expect_delivery")
"""Keys of a step that name a resource by its `id`."""

WHOLE = pattern(r"\{\w[\w.-]*\}")

AT_ONCE = "; of steps that run together, none comes before another"


def placeholder_problems(root: JsonObject, vendors: Vendors, invalid: InvalidPaths) -> Iterator[Problem]:
    """Yield the methods that HTTP has not, names under which no step before has captured anything, and names of the world."""
    names, accounts = set[str](), accounts_given(root, vendors)
    for name, vendor in vendors.items():
        fields, ids = [*vendor.make_credentials("0" * 64).fields], accounts[name].ids if name in accounts else ()
        names |= {f"{name}.{field}" for field in ("url", *fields)} | {f"{name}.{id}.{it}" for id in ids for it in fields}
    yield from _Check(invalid, frozenset(names)).problems(root.get("steps"), ("steps",), names)


class _Check:
    """A walk over steps. `names` are those that are captured so far; each step adds its own. `own` are those of the world."""

    def __init__(self, invalid: InvalidPaths, own: frozenset[str]) -> None:
        self._invalid = invalid
        self._own = own
        self._advised = 0

    def problems(self, steps: Any, path: Path, names: set[str]) -> Iterator[Problem]:
        for index, step in enumerate(steps if isinstance(steps, list) else ()):
            yield from self._problems_of(step, (*path, index), names)

    def _problems_of(self, step: Any, path: Path, names: set[str]) -> Iterator[Problem]:
        checkpoint()
        captured = step.get("keep", {}) if isinstance(step, dict) else None
        if not isinstance(captured, dict) or not step.keys() <= STEP_KEYS:
            names.add(ANY)
        if isinstance(step, dict):
            valid = self._invalid.valid_items(step, path)
            yield from _unknown_method(valid, path)
            yield from self._unknown_names(valid, path, names)
            taken = self._own & valid.get("keep", {}).keys()
            yield from (Problem(OF_THE_WORLD.format(name), (*path, "keep", name)) for name in sorted(taken))
            yield from self.problems(step.get("steps"), (*path, "steps"), names)
            yield from self._problems_together(step.get("together"), (*path, "together"), names)
        names.update(captured if isinstance(captured, dict) else ())

    def _problems_together(self, steps: Any, path: Path, names: set[str]) -> Iterator[Problem]:
        """Yield the problems of steps that run at once, each of which knows what is captured before all of them."""
        before = frozenset(names)
        for index, step in enumerate(steps if isinstance(steps, list) else ()):
            own = set(before)
            yield from self._problems_of(step, (*path, index), own)
            names.update(own)

    def _unknown_names(self, valid: JsonObject, path: Path, names: set[str]) -> Iterator[Problem]:
        for place, text in _texts(valid) if ANY not in names else ():
            for name in sorted({*PLACEHOLDER.findall(text)} - names):
                yield Problem(
                    f"no step before this one keeps {redact_text(name)!r}{self._advice(name, path, names)}", path + place
                )

    def _advice(self, name: str, path: Path, names: set[str]) -> str:
        self._advised += 1
        return "" if self._advised > MAX_PROBLEMS else AT_ONCE if "together" in path else hint(name, sorted(names))


def _unknown_method(valid: JsonObject, path: Path) -> Iterator[Problem]:
    method = valid.get("send", "GET ").partition(" ")[0]
    if method not in METHODS:
        yield Problem(f"{method!r} is not a method of HTTP{hint(method, METHODS)}", (*path, "send"))


def _texts(step: JsonObject) -> Iterator[tuple[Path, str]]:
    """Return the texts of a step that may hold captured values."""
    yield ("send",), step.get("send", "")
    yield from ((("headers", name), text) for name, text in step.get("headers", {}).items())
    for key in STATES:
        yield from ((place, text) for place, text in _leaves(step.get(key), (key,)) if WHOLE.fullmatch(text))
    for key in NAMING:
        rule = step.get(key)
        id = rule.get("id") if isinstance(rule, dict) else None
        yield from [((key, "id"), id)] if isinstance(id, str) and WHOLE.fullmatch(id) else ()


def _leaves(value: Any, path: Path) -> Iterator[tuple[Path, str]]:
    """Yield each text in a value, with its place."""
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, (dict, list)):
        for name, part in value.items() if isinstance(value, dict) else enumerate(value):
            yield from _leaves(part, (*path, name))
