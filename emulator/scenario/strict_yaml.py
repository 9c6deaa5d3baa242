"""YAML without its surprises: no guessed types, no duplicate keys, no tags, bounded, and every value knows its place."""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import yaml
from yaml.composer import Composer

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
        root = _Composer(text).get_single_node()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        said = ", ".join(part for part in (error.context, error.problem) if part)
        raise BadInput([Problem(said or "not YAML", (), *place)]) from None
    except yaml.reader.ReaderError as error:
        before = text[: text.find(chr(error.character))]
        place = before.count("\n") + 1, len(before) - before.rfind("\n")
        raise BadInput([Problem(f"{error.reason}: #x{error.character:04x}", (), *place)]) from None
    document = Document(places={(): (1, 1)})
    if root is not None:
        document.value = _Reader(document).read(root, ())
    return document


class _Alias(yaml.Node):
    """Where an alias stands, and the node that it stands for."""

    def __init__(self, meant: Any, start_mark: Any) -> None:
        self.meant, self.tag, self.start_mark = meant, meant.tag, start_mark


class _Composer(Composer, _Loader):  # type: ignore[misc]
    """Makes nodes of events. What nests too deep is refused before anything recursive sees it, and an alias keeps its place."""

    def __init__(self, text: str) -> None:
        _Loader.__init__(self, text)
        Composer.__init__(self)
        self._depth = 0

    def compose_node(self, parent: yaml.Node | None, index: Any) -> Any:
        event = self.peek_event()
        if self._depth >= MAX_DEPTH and isinstance(event, yaml.CollectionStartEvent):
            raise BadInput([_at(event, f"nested more than {MAX_DEPTH} deep")])
        self._depth += 1
        node = super().compose_node(parent, index)
        self._depth -= 1
        return _Alias(node, event.start_mark) if isinstance(event, yaml.AliasEvent) else node


def _at(marked: Any, message: str, path: Path = ()) -> Problem:
    return Problem(message, path, marked.start_mark.line + 1, marked.start_mark.column + 1)


class _Reader:
    """Turns composed nodes into values, noting places and problems; an alias counts as often as it is used.

    What an alias stands for is, with all that is in it, where the alias is.
    """

    def __init__(self, document: Document) -> None:
        self._document = document
        self._count = 0

    def read(self, node: Any, path: Path, alias: _Alias | None = None) -> Any:
        if isinstance(node, _Alias):
            return self.read(node.meant, path, alias or node)
        self._count += 1
        if self._count > MAX_VALUES or len(path) > MAX_DEPTH:
            raise BadInput([_at(alias or node, f"more than {MAX_VALUES} values, or an alias within itself", path)])
        self._place(path, alias or node)
        self._refuse_tag(node, path)
        if isinstance(node, yaml.MappingNode):
            return dict(self._pairs(node, path, alias))
        if isinstance(node, yaml.SequenceNode):
            return [self.read(item, (*path, index), alias) for index, item in enumerate(node.value)]
        return self._scalar(node)

    def _pairs(self, node: yaml.MappingNode, path: Path, alias: _Alias | None) -> Iterator[tuple[str, Any]]:
        seen: set[str] = set()
        for written, value in node.value:
            key = written.meant if isinstance(written, _Alias) else written
            if not isinstance(key, yaml.ScalarNode):
                self._document.problems.append(_at(written, "a key must be a plain word", path))
                continue
            self._refuse_tag(key, (*path, key.value))
            if key.value in seen:
                self._document.problems.append(_at(written, f"the key {key.value!r} is given twice", (*path, key.value)))
            seen.add(key.value)
            read = self.read(value, (*path, key.value), alias)
            if alias is None and isinstance(value, yaml.CollectionNode) and not value.flow_style:
                self._place((*path, key.value), written)  # it begins with its first item, on a line of its own
            yield key.value, read

    def _place(self, path: Path, node: yaml.Node) -> None:
        self._document.places[path] = node.start_mark.line + 1, node.start_mark.column + 1

    def _refuse_tag(self, node: yaml.Node, path: Path) -> None:
        if node.tag not in PLAIN_TAGS:
            self._document.problems.append(_at(node, f"the tag {node.tag} is not allowed", path))

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
