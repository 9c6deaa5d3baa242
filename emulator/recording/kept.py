"""Values that answers made and later requests used: which they are, where they first came, and the names they are kept by."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, NamedTuple
from urllib.parse import unquote_plus, urlsplit

from emulator.recording.events import NO_JSON, Call, Event, value_of
from emulator.text.checkpoint import checkpoint
from emulator.text.pattern import pattern

SHORTEST, LONGEST = 6, 4_000
"""Characters of a value that is kept."""

MOST_LEAVES = 10_000
"""Values of an answer that are looked at."""

TOKEN = pattern(r"[A-Za-z0-9][A-Za-z0-9_.~-]{5,}")
"""A part of a text that may be a value that was made: an id or a token."""

_MADE = pattern(r"(?:^|_)(?:ids?|tokens?|urls?|uris?|links?|keys?|cursor|page)$|(?:Ids?|Tokens?|Urls?|Links?|Keys?)$")
"""Keys under which values are made."""

_GUID = pattern(r"[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}")
_GENERIC = frozenset({"id", "url", "uri", "value", "key", "data", "results", "items", "href"})
"""Keys that say nothing about what a value is of."""

Path = tuple[str, ...]


class Source(NamedTuple):
    """The first answer with a value: the place of its event, the path of the value in its JSON, and what it is the value of."""

    event: int
    path: Path
    of: str


def leaves(value: Any, path: Path = ()) -> Iterator[tuple[Path, str]]:
    """Yield the texts in a JSON value, each with its path."""
    if isinstance(value, str):
        yield path, value
    parts: Iterable[tuple[Any, Any]] = ()
    if isinstance(value, dict):
        parts = value.items()
    elif isinstance(value, list):
        parts = enumerate(value)
    for key, part in parts:
        yield from leaves(part, (*path, str(key)))


def is_made(path: Path, text: str) -> bool:
    """Tell whether a text in an answer may be one that the vendor made: an id, a token or a link."""
    if not SHORTEST <= len(text) <= LONGEST or any(map(str.isspace, text)) or "{" in text:
        return False
    if text.startswith("/") and "?" not in text:
        return False  # a path that is made of ids
    key = next((it for it in reversed(path) if not it.isdecimal()), "")
    if _GUID.fullmatch(text) or is_link(text):
        return True
    return _MADE.search(key) is not None and any(map(str.isdigit, text)) and not text.isdecimal()


def is_link(text: str) -> bool:
    """Tell whether a text is a URL, or a path with a query."""
    return text.startswith(("http://", "https://")) or (text.startswith("/") and "?" in text)


def target_of(link: str) -> str:
    """Return the path and the query of a link."""
    parts = urlsplit(link)
    return f"{parts.path or '/'}?{parts.query}" if parts.query else parts.path or "/"


class Kept:
    """The values that later requests use, found in one walk over the events, and the names they are kept by.

    `literals` are texts of the scenario, which everybody knows without having heard them.
    """

    def __init__(self, events: Sequence[Event], literals: frozenset[str]) -> None:
        self._sources: dict[str, Source] = {}
        self._links: dict[str, str] = {}
        self._known = set(literals)
        self._used: dict[str, None] = {}
        for place, event in enumerate(events):
            if isinstance(event, Call):
                checkpoint()
                self._note_used(event)
                self._note_made(place, event)
        self.names = self._named([text for event in events if isinstance(event, Call) for text in _raw_texts(event)])
        self._sources = {value: self._sources[value] for value in self.names}

    def _note_used(self, call: Call) -> None:
        if call.target in self._links:
            self._used[self._links[call.target]] = None
            return
        for text in texts_of(call):
            for token in (text, *TOKEN.findall(text)):
                if token in self._sources:
                    self._used[token] = None
                else:
                    self._known.add(token)

    def _note_made(self, place: int, call: Call) -> None:
        value = value_of(call.reply) if call.is_heard else NO_JSON
        resource = call.operation.split(".")[1] if call.operation.count(".") > 1 else "value"
        for count, (path, text) in enumerate(leaves(value)):
            if count == MOST_LEAVES:
                break
            if text not in self._known and is_made(path, text) and not any("." in key or not key for key in path):
                self._sources.setdefault(text, Source(place, path, _kind_of(value, path) or resource))
                if is_link(text):
                    self._links.setdefault(target_of(text), text)

    def _named(self, sent: Sequence[bytes]) -> dict[str, str]:
        """Return the name of each value that is used; nothing that is sent has such a name in braces."""
        names: dict[str, str] = {}
        taken: set[str] = set()
        for value in self._used:
            base, number = _name(self._sources[value]), 1
            name = base
            while name in taken or any(f"{{{name}}}".encode() in text for text in sent):
                number += 1
                name = f"{base}_{number}"
            taken.add(name)
            names[value] = name
        return names

    def kept_at(self, place: int) -> dict[str, str]:
        """Return what is kept of an event's answer: the paths of the values by their names."""
        return {self.names[it]: ".".join(source.path) for it, source in self._sources.items() if source.event == place}

    def filler(self, place: int) -> Callable[[str], str]:
        """Return what puts the names of values into a text of an event, those that earlier events kept."""
        names = {it: name for it, name in self.names.items() if self._sources[it].event < place}

        def fill(text: str) -> str:
            if text in names:
                return f"{{{names[text]}}}"
            return TOKEN.sub(lambda found: f"{{{names[found[0]]}}}" if found[0] in names else found[0], text) if names else text

        return fill

    def known(self, place: int) -> frozenset[str]:
        """Return the names of the values that events before this one kept."""
        return frozenset(name for it, name in self.names.items() if self._sources[it].event < place)

    def link(self, place: int, target: str) -> str | None:
        """Return the name of the link that a target is, in braces; None where it is none that an earlier event kept."""
        value = self._links.get(target)
        is_known = value in self._sources and self._sources[value].event < place
        return f"{{{self.names[value]}}}" if value is not None and is_known else None


def _raw_texts(call: Call) -> Iterator[bytes]:
    """Yield the parts of a request in which braces may stand."""
    for text in (call.target, unquote_plus(call.target), *(value for _, value in call.headers)):
        if "{" in text:
            yield text.encode("utf-8", "replace")
    if b"{" in call.body:
        yield call.body


def texts_of(call: Call) -> Iterator[str]:
    """Yield the texts of a request in which a value may stand."""
    yield call.target
    yield from (value for _, value in call.headers)
    value = value_of(call.body)
    if value is NO_JSON:
        yield call.body.decode("utf-8", "replace")
    else:
        yield from (text for _, text in leaves(value))


def _kind_of(value: Any, path: Path) -> str:
    """Return the kind of object that has a value at a path, as it says itself in `object`; empty where it does not."""
    for key in path[:-1]:
        value = value[int(key)] if isinstance(value, list) else value[key]
    kind = value.get("object") if isinstance(value, dict) and path[-1:] == ("id",) else None
    return kind.rpartition(".")[2] if isinstance(kind, str) else ""


def _name(source: Source) -> str:
    """Return a name for a value: its own key, or what it is of where that says nothing."""
    own = next((it for it in reversed(source.path) if it not in _GENERIC and not it.isdecimal()), source.of)
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", own).lower()
    return _singular(re.sub(r"[^a-z0-9]+", "_", words).strip("_")) or "value"


def _singular(name: str) -> str:
    if name.endswith(("ches", "sses", "shes")):
        return name[:-2]
    return name[:-1] if name.endswith("s") and not name.endswith("ss") else name
