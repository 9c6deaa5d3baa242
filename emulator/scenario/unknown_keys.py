"""Advice on unknown keys: they may belong elsewhere in the schema, or come from another tool."""

from __future__ import annotations

import pathlib
from collections import deque
from collections.abc import Collection, Iterator
from functools import cache
from typing import Any

from emulator.kernel.resource import Struct
from emulator.scenario.document import JsonObject, Path
from emulator.text.checkpoint import checkpoint
from emulator.text.nearest import SAME, STEM, hint, near

MOST = 4
"""Places named at most for a misplaced key."""

NO_PARTS = "no key holds parts or remarks alone: an anchor (&a) stands where its part is first used, and a remark in a comment"

LISTED = 60
"""Up to how many keys of a section all of them are listed."""


class KnownKey(Struct, frozen=True, gc=False):
    """One place where a key is known: its dotted path below the schema that was searched, and its own schema."""

    path: str
    key: str
    schema: JsonObject


class KeyAdvice:
    """Says of the unknown keys of a value where in its schema they are known."""

    def __init__(self, root: JsonObject) -> None:
        self._root = root
        self._known_advice: dict[tuple[object, ...], str] = {}

    def advice(self, path: Path, key: str, own: JsonObject, value: Any) -> str:
        """Return what to do about the unknown `key` of the object at `path`, whose schema is `own`; nothing if unknown."""
        names = tuple(it for it in path if isinstance(it, str))
        subject = (names, key, type(value))
        if subject not in self._known_advice:
            self._known_advice[subject] = self._advice(names, key, own, value)
        return self._known_advice[subject]

    def _advice(self, names: tuple[str, ...], key: str, own: JsonObject, value: Any) -> str:
        known = own.get("properties", {})
        if key.startswith(("x-", ".", "_")):
            return f": {NO_PARTS}"
        if sentence := foreign_word_advice(key, known):
            return f": {sentence}"
        elsewhere = "" if near(key, known) else self._elsewhere(names, key, value)
        return elsewhere or hint(key, known, LISTED)

    def _elsewhere(self, names: tuple[str, ...], key: str, value: Any) -> str:
        """Say where the key is known: below the object itself or the one around it, or at the top rather than far below."""
        is_at_top = bool(names) and key in self._root.get("properties", {})
        for end in range(len(names), max(len(names) - 2, 0 if names else -1), -1):
            found = _fitting(self._below(self._at(names[:end]), key, SAME if names else STEM), value)
            if found and not (is_at_top and found[0].count(".") > 1):
                owners = dict.fromkeys(path.partition(".")[0].removesuffix("[]") for path in found)
                places = [".".join((*names[:end], path)) for path in found]
                return f"; it belongs below {' or '.join(map(repr, owners))}: {' or '.join(places)}"
        return "; it belongs at the top" if is_at_top else ""

    def _at(self, names: tuple[str, ...]) -> JsonObject:
        schema = self._resolved(self._root)
        for name in names:
            ways = [self._resolved(way) for way in _ways(schema)]
            found = [self._resolved(way["properties"][name]) for way in ways if name in way.get("properties", {})]
            schema = found[0] if found else {}
        return schema

    def _below(self, schema: JsonObject, key: str, weakest: int) -> list[KnownKey]:
        """Return the places nearest to this schema where the key, or one so near, is known, all as deep as each other."""
        places = list(self._every_place(schema))
        found = [it for it in places if it.key == key and "." in it.path]
        found = found or [it for it in places if "." in it.path and it.key in near(key, [it.key], weakest)]
        least = min((it.path.count(".") for it in found), default=0)
        return [it for it in found if it.path.count(".") == least]

    def _every_place(self, schema: JsonObject) -> Iterator[KnownKey]:
        """Yield the places below a schema, the nearest first, what several places share only once."""
        left, seen = deque([("", schema)]), set()
        while left:
            before, part = left.popleft()
            if (reference := _reference(part)) in seen:
                continue
            seen |= {reference} if reference else set()
            for way in _ways(part):
                owner = f"{before}[]." if before and "items" in way else f"{before}." if before else ""
                checkpoint()
                for name, sub in self._resolved(way).get("properties", {}).items():
                    path = f"{owner}{name}"
                    yield KnownKey(path, name, sub)
                    left.append((path, sub))

    def _resolved(self, schema: JsonObject) -> JsonObject:
        """Return the schema itself, or the one that it refers to, or that of its items."""
        if "$ref" in schema:
            name = schema["$ref"].rpartition("/")[2]
            return self._resolved(self._root.get("$defs", {}).get(name, {}))
        items: JsonObject = schema.get("items", {})
        return self._resolved(items) if items else schema


def _reference(schema: JsonObject) -> str | None:
    """Return the definition that a schema refers to, itself or for its items; a step may hold steps."""
    reference: str | None = schema.get("$ref") or schema.get("items", {}).get("$ref")
    return reference


def _ways(schema: JsonObject) -> list[JsonObject]:
    return [schema, *schema.get("anyOf", ())]


def _fitting(places: list[KnownKey], value: Any) -> list[str]:
    """Return the paths, if they are few: those of a like type before others."""
    kind = "object" if isinstance(value, dict) else "array" if isinstance(value, list) else None
    alike = [it for it in places if (it.schema.get("type") == kind) or ("$ref" in it.schema and kind == "object")]
    paths = [it.path for it in alike or places]
    return paths if len(paths) <= MOST else []


@cache
def foreign_words() -> list[tuple[frozenset[str], dict[str, str]]]:
    """Return of each section of the grammar some keys, and its advice by the words that it does not have.

    A section is the first whose keys it has.
    """
    import yaml

    sections = yaml.safe_load(pathlib.Path(__file__).with_name("foreign_words.yaml").read_text("utf-8"))
    return [
        (frozenset(it["section"].split()), {word: text for words, text in it["advice"].items() for word in words.split()})
        for it in sections
    ]


def foreign_word_advice(word: str, known: Collection[str]) -> str | None:
    """Return what to write in place of a word in the section that knows these keys; None where nothing is known of it."""
    return next((advice.get(word) for keys, advice in foreign_words() if keys <= {*known}), None)
