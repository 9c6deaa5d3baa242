"""Parameters of a scenario: `${name}` in its values stands for a value, by default the one that is declared."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set
from decimal import Decimal
from types import MappingProxyType
from typing import Any

from emulator.kernel.errors import LONGEST, MAX_PROBLEMS, BadInput, Problem
from emulator.kernel.resource import Struct, structs
from emulator.scenario.document import MARK, MAX_BYTES, MAX_DEPTH, MAX_VALUES, Document, JsonDict, JsonObject, Path
from emulator.sdk.exact_json import depth_of, digits_of
from emulator.text.checkpoint import checkpoint
from emulator.text.nearest import hint
from emulator.text.pattern import pattern
from emulator.text.secrets import SHOWN, is_secret, redact

TAKEN = ("parameters", "scenario", "seed", "self")
"""Names by which a caller gives something else beside parameters."""

MAX_FILLED = 4 * MAX_BYTES
"""Characters that parameters come to in the texts of one scenario."""

MOST_HIDDEN = 100
"""Secrets that a message is searched for; one that may have more of them says no more than that something does not fit."""

NAME = pattern(r"[A-Za-z_][A-Za-z0-9_]*", re.ASCII)
_MARKS = pattern(r"\$\$\{|\$\{(?:([^${}]*)\})?")
_WHOLE = pattern(r"\$\{([^${}]*)\}")

DECLARE = "declare it with its default below 'parameters', or write $${ where these characters themselves are meant"
NO_NAME = "'${' begins a parameter, as in ${name}: write $${ where these characters themselves are meant"
IN_KEY = "a parameter stands in a value, not in a key"
MUST_SET = "the parameter {!r} has no value, and callers must set it"
NO_OTHER = "a default refers to no parameter: write $${ where these characters themselves are meant"

Settings = Callable[[JsonObject], JsonObject]
"""From the parameters that a scenario declares, with their defaults, to the values that a caller sets."""


def exactly(values: JsonObject) -> Settings:
    """Return settings of these values, each of which must be declared.

    Raises:
        BadInput: the settings raise it where one is not.
    """

    def choose(declared: JsonObject) -> JsonObject:
        unknown = [name for name in values if name not in declared]
        if unknown:
            why = _Unknown(declared, "leave it out")
            raise BadInput([Problem(why(name), ("parameters", name)) for name in unknown])
        return values

    return choose


class _Unknown:
    """Says of a name that no parameter is called so. What is meant is looked for with the first MAX_PROBLEMS only."""

    def __init__(self, declared: JsonObject, advice: str) -> None:
        self._declared = declared
        self._advice = advice
        self._count = 0

    def __call__(self, name: str) -> str:
        self._count += 1
        if not self._declared:
            return f"the scenario has no parameters, and so no {name!r}{hint(name, TAKEN, few=0) or f': {self._advice}'}"
        return f"no parameter is called {name!r}{hint(name, self._declared) if self._count <= MAX_PROBLEMS else ''}"


def has_parameters(document: Document) -> bool:
    """Tell whether a document declares parameters, or names one in its text."""
    return document.has_marks or (isinstance(document.value, dict) and "parameters" in document.value)


class Filled(Struct, frozen=True):
    """A document in whose values parameters are filled in, without their declaration; their values, and what is wrong.

    `unfilled` are the paths of values of which nobody knows what they would be, and `empty` those of values that are nothing,
    each with the name of its parameter.
    """

    document: Document
    parameters: JsonObject = MappingProxyType({})
    problems: Sequence[Problem] = ()
    unfilled: Set[Path] = frozenset()
    empty: Mapping[Path, str] = MappingProxyType({})

    def advised(self, problem: Problem) -> Problem:
        """Return a problem with what to do where it is about a value that is nothing, since nobody has set its parameter."""
        name = self.empty.get(problem.path)
        return problem if name is None else structs.replace(problem, message=f"{problem.message}: {MUST_SET.format(name)}")


def fill(document: Document, settings: Settings | None = None) -> Filled:
    """Return a document in whose values parameters are filled in.

    Raises:
        BadInput: a setting names no parameter, or there is too much to fill.
    """
    value = document.value if isinstance(document.value, dict) else {}
    declared, problems = _declared(value.get("parameters", {}))
    chosen = settings(declared) if settings else {}
    values = {**declared, **chosen}
    filler = _Filler(values, _Unknown(declared, DECLARE))
    try:
        filled = {key: part if key in ("include", "parameters") else filler.fill(part, (key,)) for key, part in value.items()}
    except BadInput as error:
        raise BadInput([*map(document.place, error.problems)]) from None
    unfilled = {it.path for it in filler.problems}
    if isinstance(filled.get("parameters", {}), dict):
        filled.pop("parameters", None)
        problems += [*filler.problems, *_unused(declared, filler.used)]
    whole = filled if isinstance(document.value, dict) else document.value
    return Filled(structs.replace(document, value=whole), values, [*map(document.place, problems)], unfilled, filler.empty)


def filled_value(value: JsonObject, settings: Settings | None = None) -> JsonObject:
    """Return a scenario that is known to be valid, its parameters filled in.

    Raises:
        BadInput: a setting names no parameter, or cannot be filled in.
    """
    if settings is None and "parameters" not in value:
        return value
    filled = fill(Document(value), settings)
    if problems := [it for it in filled.problems if not it.is_idle]:
        raise BadInput(problems)
    return dict(filled.document.value)


def without_secrets(problems: Iterable[Problem], parameters: JsonObject) -> Iterator[Problem]:
    """Yield problems in whose messages no value of a parameter can be read that is called as secrets are."""
    secrets: dict[str, list[str]] = {}
    for name, it in parameters.items():
        if is_secret(name) and isinstance(it, (str, int, Decimal)):
            secrets.setdefault(str(it)[:SHOWN], []).append(str(it))
    lengths = {*map(len, secrets)}
    for problem in problems:
        checkpoint()
        message = problem.message
        parts = {message[at : at + length] for length in lengths for at in range(len(message))}
        found = [secret for part in parts & secrets.keys() for secret in secrets[part]]
        for secret in found if len(found) <= MOST_HIDDEN else ():
            message = _without(message, secret)
        yield structs.replace(problem, message=message if len(found) <= MOST_HIDDEN else "does not fit") if found else problem


def _without(message: str, secret: str) -> str:
    """Return a message in which a secret is hidden, also where its end is cut off; a very short one where it is quoted."""
    if len(secret) <= SHOWN:
        return message.replace(repr(secret), repr(redact(secret)))
    message = message.replace(secret, redact(secret))
    cut = next((n for n in range(min(len(secret), LONGEST), SHOWN, -1) if f"{secret[:n]}…" in message), None)
    return message.replace(f"{secret[:cut]}…", redact(secret)) if cut else message


def _declared(written: Any) -> tuple[JsonDict, list[Problem]]:
    """Return the parameters that are declared, and what is wrong with them."""
    if not isinstance(written, dict):
        return {}, []
    filler = _Filler({}, lambda _: NO_OTHER)
    declared = {name: filler.fill(default, ("parameters", name)) for name, default in written.items()}
    return declared, [*filler.problems, *(Problem(why, ("parameters", name)) for name in written for why in _misnamed(name))]


def _misnamed(name: str) -> Iterator[str]:
    if not NAME.fullmatch(name):
        yield f"{name!r} is no name of a parameter: letters, digits and _, no digit first"
    elif name in TAKEN:
        yield f"no parameter can be called {name!r}, since callers give something else by that name: choose another"


def _unused(declared: JsonObject, used: set[str]) -> Iterator[Problem]:
    for name in declared:
        if name not in used and not [*_misnamed(name)]:
            yield Problem(
                f"nothing uses this parameter: write ${{{name}}} where it is meant", ("parameters", name), is_idle=True
            )


class _Filler:
    """Fills values in, within bounds. `used` are the names that were found, `problems` those that mean nothing.

    `empty` are the paths of values that are nothing, each with the name of its parameter.
    """

    def __init__(self, values: JsonObject, unknown: Callable[[str], str]) -> None:
        self.used: set[str] = set()
        self.problems: list[Problem] = []
        self.empty: dict[Path, str] = {}
        self._values = values
        self._unknown = unknown
        self._characters = 0
        self._count = 0

    def fill(self, value: Any, path: Path) -> Any:
        if isinstance(value, str):
            return self._text(value, path) if MARK in value else value
        checkpoint()
        if isinstance(value, dict):
            return {self._key(key, path): self.fill(part, (*path, key)) for key, part in value.items()}
        return [self.fill(part, (*path, index)) for index, part in enumerate(value)] if isinstance(value, list) else value

    def _key(self, key: str, path: Path) -> str:
        if any(found[0] != f"${MARK}" for found in _MARKS.finditer(key)):
            self.problems.append(Problem(IN_KEY, (*path, key)))
        return key.replace(f"${MARK}", MARK)

    def _text(self, text: str, path: Path) -> Any:
        if whole := _WHOLE.fullmatch(text):
            return self._whole(whole[1], path)
        return _MARKS.sub(lambda found: self._part(found, path), text)

    def _whole(self, name: str, path: Path) -> Any:
        """Return the value of a parameter that stands alone, which keeps its type."""
        if not self._is_known(name, path):
            return name
        value = self._values[name]
        if value is None:
            self.empty[path] = name
        self._add(path, *_weight(value))
        if isinstance(value, (dict, list)) and len(path) + depth_of(value) > MAX_DEPTH:
            self.problems.append(Problem(f"with this parameter it is nested more than {MAX_DEPTH} deep", path))
        return value

    def _part(self, found: re.Match[str], path: Path) -> str:
        """Return the text of what stands within a text."""
        if found[0] == f"${MARK}":
            return MARK
        if found[1] is None:
            self.problems.append(Problem(NO_NAME, path))
        elif self._is_known(found[1], path):
            return self._text_of(found[1], path)
        return found[1] or ""

    def _text_of(self, name: str, path: Path) -> str:
        value = self._values[name]
        if value is None or isinstance(value, (dict, list)):
            kind = "nothing" if value is None else "a list" if isinstance(value, list) else "an object"
            self.problems.append(Problem(f"the parameter {name!r} is {kind}, which cannot stand within a text", path))
            return ""
        text = str(value).lower() if isinstance(value, bool) else digits_of(value) if isinstance(value, Decimal) else str(value)
        self._add(path, len(text), 0)
        return text

    def _is_known(self, name: str, path: Path) -> bool:
        self.used.add(name)
        if name not in self._values:
            self.problems.append(Problem(self._unknown(name), path))
        return name in self._values

    def _add(self, path: Path, characters: int, count: int) -> None:
        """Count what is filled in.

        Raises:
            BadInput: it is too much.
        """
        checkpoint()
        self._characters += characters
        self._count += count
        if self._characters > MAX_FILLED or self._count > MAX_VALUES:
            message = f"parameters come to more than {MAX_FILLED} characters or {MAX_VALUES} values here"
            raise BadInput([Problem(message, path)])


def _weight(value: Any) -> tuple[int, int]:
    """Return the characters and the number of values in a value."""
    parts = [*value.values(), *map(str, value)] if isinstance(value, Mapping) else value if isinstance(value, list) else ()
    if not parts:
        return len(value) if isinstance(value, str) else 0, 1
    weights = [*map(_weight, parts)]
    return sum(characters for characters, _ in weights), 1 + sum(count for _, count in weights)
