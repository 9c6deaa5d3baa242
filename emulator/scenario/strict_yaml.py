"""YAML without its surprises: no guessed types, no duplicate keys, no tags, bounded, and every value knows its place."""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import yaml

from emulator.kernel.errors import BadInput, Problem
from emulator.scenario.document import MAX_BYTES, MAX_DEPTH, Document, Path

MAX_VALUES = 200_000

PLAIN_TAGS = frozenset(
    f"tag:yaml.org,2002:{name}" for name in ("map", "seq", "str", "int", "float", "bool", "null", "timestamp", "merge", "value")
)
"""What YAML makes of values without a tag; any other was written by somebody."""

_INTEGER = re.compile(r"-?(0|[1-9][0-9]{0,17})", re.ASCII)
_DECIMAL = re.compile(r"-?(0|[1-9][0-9]{0,17})\.[0-9]{1,18}", re.ASCII)
_WORDS = {"true": True, "false": False, "null": None, "~": None, "": None}
_Loader: type[Any] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def parse(text: str) -> Document:
    """Reads one YAML document. Its mistakes are in `problems`; its value is what could be read.

    Raises:
        BadInput: it is not YAML at all, or is larger or deeper than is allowed.
    """
    if len(text.encode()) > MAX_BYTES:
        raise BadInput([Problem(f"larger than {MAX_BYTES} bytes", (), 1, 1)])
    try:
        _refuse_depth(text)
        root = yaml.compose(text, Loader=_Loader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        said = ", ".join(part for part in (error.context, error.problem) if part)
        raise BadInput([Problem(said or "not YAML", (), *place)]) from None
    except yaml.YAMLError as error:
        raise BadInput([Problem(str(error).partition("\n")[0], (), 1, 1)]) from None
    document = Document(places={(): (1, 1)})
    if root is not None:
        document.value = _Reader(document).read(root, ())
    return document


def _refuse_depth(text: str) -> None:
    """Counts the nesting before anything recursive sees the text."""
    depth = 0
    for event in yaml.parse(text, Loader=_Loader):
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > MAX_DEPTH:
            raise BadInput([_at(event, f"nested more than {MAX_DEPTH} deep")])


def _at(marked: Any, message: str, path: Path = ()) -> Problem:
    return Problem(message, path, marked.start_mark.line + 1, marked.start_mark.column + 1)


class _Reader:
    """Turns composed nodes into values, noting places and problems; an alias counts as often as it is used."""

    def __init__(self, document: Document) -> None:
        self._document = document
        self._count = 0

    def read(self, node: yaml.Node, path: Path) -> Any:
        self._count += 1
        if self._count > MAX_VALUES or len(path) > MAX_DEPTH:
            raise BadInput([_at(node, f"more than {MAX_VALUES} values, or an alias within itself", path)])
        self._document.places[path] = node.start_mark.line + 1, node.start_mark.column + 1
        if node.tag not in PLAIN_TAGS:
            self._document.problems.append(_at(node, f"the tag {node.tag} is not allowed", path))
        if isinstance(node, yaml.MappingNode):
            return dict(self._pairs(node, path))
        if isinstance(node, yaml.SequenceNode):
            return [self.read(item, (*path, index)) for index, item in enumerate(node.value)]
        return self._scalar(node)

    def _pairs(self, node: yaml.MappingNode, path: Path) -> Iterator[tuple[str, Any]]:
        seen: set[str] = set()
        for key, value in node.value:
            if not isinstance(key, yaml.ScalarNode):
                self._document.problems.append(_at(key, "a key must be a plain word", path))
                continue
            if key.value in seen:
                self._document.problems.append(_at(key, f"the key {key.value!r} is given twice", (*path, key.value)))
            seen.add(key.value)
            read = self.read(value, (*path, key.value))
            if not isinstance(value, yaml.ScalarNode):
                self._document.places[*path, key.value] = key.start_mark.line + 1, key.start_mark.column + 1
            yield key.value, read

    @staticmethod
    def _scalar(node: Any) -> Any:
        text: str = node.value
        if node.style:  # quoted, or a block: the C parser says '' of a plain scalar, the Python one None
            return text
        if text in _WORDS:
            return _WORDS[text]
        if _INTEGER.fullmatch(text):
            return int(text)
        return Decimal(text) if _DECIMAL.fullmatch(text) else text
