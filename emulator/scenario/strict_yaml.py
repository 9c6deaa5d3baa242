"""YAML without its surprises: no guessed types, no duplicate keys, bounded, and every value knows its place."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Any

import yaml
from yaml import composer

from emulator.kernel.errors import BadInput, Problem
from emulator.scenario.document import MARK, MAX_BYTES, MAX_DEPTH, MAX_VALUES, Document, JsonDict, Path
from emulator.scenario.scalars import MERGE, describe_node, plain, tag_problem
from emulator.text.checkpoint import checkpoint
from emulator.text.pattern import pattern

MAX_DIRECTIVES = 10
"""Lines that begin with %TAG: libyaml compares each with all that stand before it."""
MAX_ALIASED = 4 * MAX_BYTES
"""Characters of all keys and values together; an alias counts as often as it is used."""
TOO_MANY = f"more than {MAX_VALUES} values"
TOO_DEEP = f"nested more than {MAX_DEPTH} deep"

_NO_YAML = pattern("[^\t\n\r -~\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_DIRECTIVE = pattern("%TAG(?<![^\n\r\x85\u2028\u2029\ufeff]%TAG)")
"""It begins with what is rare, so that a long text is searched in a moment."""
_LOOKAHEAD = 1024
"""The characters that a scanner may read ahead in one line, to find out whether they are a key."""


def parse(text: str, most_bytes: int = MAX_BYTES) -> Document:
    """Read one YAML document. Its mistakes are in `problems`; its value is what could be read.

    Raises:
        BadInput: it is not YAML at all, or is larger or deeper than is allowed.
    """
    if found := _NO_YAML.search(text):
        raise BadInput([_at_index(text, found.start(), f"the character #x{ord(found[0]):04x} is not allowed in YAML")])
    if len(text.encode()) > most_bytes:
        raise BadInput([Problem(f"larger than {most_bytes} bytes", (), 1, 1)])
    if found := next(islice(_DIRECTIVE.finditer(text), MAX_DIRECTIVES, None), None):
        raise BadInput([_at_index(text, found.end() - len("%TAG"), f"more than {MAX_DIRECTIVES} %TAG directives")])
    try:
        root = Composer(text).get_single_node()
    except yaml.MarkedYAMLError as error:
        raise BadInput([_syntax_error(text, error)]) from None
    except yaml.YAMLError as error:
        raise BadInput([Problem(f"not YAML: {error}", (), 1, 1)]) from None
    document = Document(places={(): (1, 1)}, has_marks=MARK in text)
    if root is not None:
        document.value = _Reader(document).read(root, ())
    return document


class _Alias(yaml.Node):
    """The place of an alias, and the node that it stands for."""

    def __init__(self, target: Any, start_mark: Any) -> None:
        self.target, self.tag, self.start_mark = target, target.tag, start_mark


class _Strict(composer.Composer):
    """Makes nodes of events. What nests too deep is refused before anything recursive sees it, and an alias keeps its place."""

    _depth = 0
    _count = 0

    def compose_node(self, parent: yaml.Node | None, index: Any) -> Any:
        checkpoint()
        event = self.peek_event()  # type: ignore[attr-defined]  # of the loader that this is mixed into
        if self._depth >= MAX_DEPTH and isinstance(event, yaml.CollectionStartEvent):
            raise BadInput([_at(event, TOO_DEEP)])
        if isinstance(event, yaml.AliasEvent) and event.anchor not in self.anchors:
            raise BadInput([_at(event, f"the alias *{event.anchor} has no anchor &{event.anchor} above it")])
        if isinstance(event, yaml.NodeEvent) and not isinstance(event, yaml.AliasEvent) and event.anchor in self.anchors:
            raise BadInput([_at(event, f"the anchor &{event.anchor} is given twice")])
        self._count += not isinstance(parent, yaml.MappingNode) or index is not None  # no key
        if self._count > MAX_VALUES:
            raise BadInput([_at(event, TOO_MANY)])
        self._depth += 1
        node: Any = super().compose_node(parent, index)
        self._depth -= 1
        if not isinstance(event, yaml.AliasEvent):
            node.written_tag = event.tag
        return _Alias(node, event.start_mark) if isinstance(event, yaml.AliasEvent) else node

    def resolve(self, kind: Any, value: Any, implicit: Any) -> str:
        """Return the tag of a merge key, and of nothing else: no value is read by the long patterns of YAML 1.1."""
        return MERGE if kind is yaml.ScalarNode and implicit[0] and value == "<<" else ""

    def get_single_node(self) -> Any:
        """Return the root of the one document that there may be, or None."""
        node = super().get_node() if self.check_node() else None
        if self.check_node():
            raise BadInput([_at(self.peek_event(), "a second document begins here; a file has one")])  # type: ignore[attr-defined]
        return node


def composer_on(loader: Any) -> Any:
    """Return a composer that reads the events of PyYAML's own parser, or of libyaml's, which has none in Python."""
    if issubclass(loader, composer.Composer):
        return type("Composer", (_Strict, loader), {})

    def prepare(self: Any, text: str) -> None:
        loader.__init__(self, text)
        composer.Composer.__init__(self)

    return type("Composer", (_Strict, loader), {"__init__": prepare})


Composer = composer_on(getattr(yaml, "CSafeLoader", yaml.SafeLoader))


def _syntax_error(text: str, error: yaml.MarkedYAMLError) -> Problem:
    """Say what is wrong where a parser gave up; the parser's words differ between versions and are only added to ours."""
    mark = error.problem_mark or error.context_mark
    if mark is None:
        return Problem(f"not YAML: {error.problem}", (), 1, 1)
    place = mark.line + 1, mark.column + 1
    line = next(iter(text.splitlines()[mark.line :]), "")
    ahead = line[max(0, mark.column - _LOOKAHEAD) : mark.column]
    if sum(map(ahead.count, "[{")) - sum(map(ahead.count, "]}")) > MAX_DEPTH:  # a parser's own bound, met on its way ahead
        return Problem(TOO_DEEP, (), *place)
    if line[mark.column : mark.column + 1] == "\t":
        return Problem("not YAML: a tab cannot stand here; indent with spaces", (), *place)
    if line[max(0, mark.column - 1) : mark.column + 1] == MARK:
        return Problem('not YAML: within { } and [ ], a parameter stands in quotes, as in "${name}"', (), *place)
    words = ", ".join(part for part in (error.context, error.problem) if part)
    return Problem(f"not YAML: {words}", (), *place)


def _at_index(text: str, index: int, message: str) -> Problem:
    before = text[:index]
    return Problem(message, (), before.count("\n") + 1, index - before.rfind("\n"))


def _at(marked: Any, message: str, path: Path = ()) -> Problem:
    return Problem(message, path, marked.start_mark.line + 1, marked.start_mark.column + 1)


class _Reader:
    """Turns composed nodes into values, noting places and problems; an alias counts as often as it is used.

    What an alias stands for is, with all that is in it, where the alias is. Its problems are those of its anchor, noted once.
    """

    def __init__(self, document: Document) -> None:
        self._document = document
        self._count = 0
        self._size = 0
        self._merging: list[Any] = []

    def read(self, node: Any, path: Path, alias: _Alias | None = None) -> Any:
        if isinstance(node, _Alias):
            return self.read(node.target, path, alias or node)
        checkpoint()
        self._count += 1
        if self._count > MAX_VALUES or len(path) > MAX_DEPTH:
            raise BadInput([_at(alias or node, f"{TOO_MANY}, or an alias within itself", path)])
        self._measure(node, path, alias)
        self._place(path, alias or node)
        if refusal := tag_problem(node.written_tag, node.id):
            self._note(node, refusal, path, alias)
        if isinstance(node, yaml.MappingNode):
            return self._merged(node, path, alias) | dict(self._read_pairs(node, path, alias))
        if isinstance(node, yaml.SequenceNode):
            return [self.read(item, (*path, index), alias) for index, item in enumerate(node.value)]
        is_text = node.style or node.written_tag is not None
        return node.value if is_text else plain(node.value)  # quoted, or a block: the C parser says '' of a plain scalar

    def _measure(self, node: Any, path: Path, alias: _Alias | None) -> None:
        self._size += len(node.value) if isinstance(node, yaml.ScalarNode) else 0
        if self._size > MAX_ALIASED:
            raise BadInput([_at(alias or node, f"aliases make more than {MAX_ALIASED} characters of this", path)])

    def _read_pairs(self, node: yaml.MappingNode, path: Path, alias: _Alias | None) -> Iterator[tuple[str, Any]]:
        seen: set[str] = set()
        for key_node, value in node.value:
            key: Any = key_node.target if isinstance(key_node, _Alias) else key_node
            tag = key.written_tag
            if not isinstance(key, yaml.ScalarNode):
                self._note(key_node, "a key must be a plain word", path, alias)
                continue
            if key.tag == MERGE:
                continue
            self._measure(key, path, alias)
            if refusal := tag_problem(tag, "key"):
                self._note(key, refusal, (*path, key.value), alias)
            if key.value in seen:
                self._note(key_node, f"the key {key.value!r} is given twice", (*path, key.value), alias)
            seen.add(key.value)
            read = self.read(value, (*path, key.value), alias)
            if alias is None and isinstance(value, yaml.CollectionNode) and not value.flow_style:
                self._place((*path, key.value), key_node)  # it begins with its first item, on a line of its own
            yield key.value, read

    def _merged(self, node: yaml.MappingNode, path: Path, alias: _Alias | None) -> JsonDict:
        """Return what the merge key of a mapping brings in; of several mappings, the first that has a key gives its value."""
        merges = [(key, value) for key, value in node.value if key.tag == MERGE]
        for key, _ in merges[1:]:
            self._note(key, "the key '<<' is given twice: merge a list, <<: [*a, *b]", path, alias)
        read: JsonDict = {}
        own = self._document.places[path]
        for source in reversed([source for _, value in merges[:1] for source in _sources(value)]):
            read |= self._read_merged(source, path, alias)
        self._document.places[path] = own
        return read

    def _read_merged(self, source: Any, path: Path, alias: _Alias | None) -> JsonDict:
        target = source.target if isinstance(source, _Alias) else source
        if not isinstance(target, yaml.MappingNode):
            self._note(source, f"'<<' merges a mapping or a list of mappings, not {describe_node(target)}", path, alias)
            return {}
        if target in self._merging or len(self._merging) > MAX_DEPTH:
            raise BadInput([_at(alias or source, f"merged with itself, or more than {MAX_DEPTH} deep", path)])
        self._merging.append(target)
        read: JsonDict = self.read(source, path, alias)
        self._merging.pop()
        return read

    def _note(self, node: Any, message: str, path: Path, alias: _Alias | None) -> None:
        if alias is None:
            self._document.problems.append(_at(node, message, path))

    def _place(self, path: Path, node: yaml.Node) -> None:
        self._document.places[path] = node.start_mark.line + 1, node.start_mark.column + 1


def _sources(value: Any) -> list[Any]:
    """Return the nodes that a merge key names: one mapping, or each of a list."""
    target = value.target if isinstance(value, _Alias) else value
    return list(target.value) if isinstance(target, yaml.SequenceNode) else [value]
