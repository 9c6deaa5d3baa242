"""The part of an answer that a step expects: what it says, and not what only repeats, is made anew each time, or is secret."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from emulator.recording.events import NO_JSON, Call, value_of
from emulator.recording.kept import SHORTEST, is_link, is_made
from emulator.scenario.document import JsonDict
from emulator.text.checkpoint import checkpoint
from emulator.text.pattern import pattern
from emulator.text.redact import hides, redact_text
from emulator.web.response import LEAST_REFUSAL

FEW = 6
"""Plain members of an object up to which all are expected; of more, those whose names say that they matter."""

LONGEST_LIST = 5
"""Items of a list up to which it is expected."""

LONGEST_TEXT, LONGEST_BODY = 200, 600
"""Characters of a text in JSON, and of a whole body that is text, up to which it is expected."""

_MATTERS = pattern(
    r"^type$|status|state|code|message|error|reason|success|fail|count|total|credits|balance|amount|stopped|deleted",
    re.IGNORECASE,
)
_NEVER_MATTER = frozenset({"object", "livemode"})
_STATUS = pattern(r"status|statuscode|state", re.IGNORECASE)
_INSTANT = pattern(r"\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}.*)?", re.DOTALL)
_NOTHING: Any = object()


class Expectations:
    """Says what answers must come. Of what was heard before of the same thing, only what changed is said again."""

    def __init__(self) -> None:
        self._heard: dict[str, JsonDict] = {}

    def of(self, call: Call, fill: Callable[[str], str]) -> JsonDict:
        """Return what a step expects of the answer to a call; `fill` puts the names of kept values into a text."""
        if call.fails:
            return {"fails": True}
        expected: JsonDict = {"status": call.status}
        if not call.is_heard:
            return expected
        value = value_of(call.reply)
        if value is NO_JSON:
            return expected | _text(call)
        said = _Answer(call, fill, self._heard).part(value)
        self._note(value)
        return expected | ({} if said is _NOTHING else {"json": said})

    def _note(self, value: Any) -> None:
        """Remember what is said of each thing that has an id."""
        checkpoint()
        if isinstance(value, dict):
            if isinstance(id := value.get("id"), str):
                self._heard[id] = value
            for part in value.values():
                self._note(part)
        elif isinstance(value, list):
            for part in value:
                self._note(part)


def _text(call: Call) -> JsonDict:
    """Return the body of an answer that is text, where it is short and says the same each time."""
    try:
        text = call.reply.decode()
    except UnicodeDecodeError:
        return {}
    is_said = 0 < len(text) <= LONGEST_BODY and "://" not in text and redact_text(text) == text
    return {"text": text} if is_said and all(it.isprintable() or it == "\n" for it in text) else {}


class _Answer:
    """One answer, a part of which is said."""

    def __init__(self, call: Call, fill: Callable[[str], str], heard: dict[str, JsonDict]) -> None:
        self._fill = fill
        self._heard = heard
        self._target = call.target
        sent = value_of(call.body)
        self._sent: JsonDict = sent if isinstance(sent, dict) else {}
        self._is_refusal = call.status >= LEAST_REFUSAL
        self._hidden = call.credential[-4:] if call.credential and not call.is_let_in else None

    def part(self, value: Any, path: tuple[str, ...] = ()) -> Any:
        """Return what is said of a value at a path; _NOTHING where that is nothing."""
        checkpoint()
        if isinstance(value, dict):
            return self._object(value, path)
        if isinstance(value, list):
            return self._list(value, path)
        return self._string(value, path) if isinstance(value, str) else _NOTHING if value is None else value

    def _object(self, value: JsonDict, path: tuple[str, ...]) -> Any:
        parts = {
            name: part
            for name, it in value.items()
            if not self._is_idle(name, it, value) and (part := self.part(it, (*path, name))) is not _NOTHING
        }
        name = value.get("id")
        before = self._heard.get(name) if isinstance(name, str) else None
        if before is not None:
            parts = {name: it for name, it in parts.items() if _STATUS.fullmatch(name) or before.get(name) != value[name]}
        plain = [name for name, it in parts.items() if not isinstance(it, (dict, list))]
        if len(plain) > FEW and not self._is_refusal:
            less = {name for name in plain if not _MATTERS.search(name)}
            parts = {name: it for name, it in parts.items() if name not in less}
        return parts or _NOTHING

    def _is_idle(self, name: str, value: Any, holder: JsonDict) -> bool:
        """Tell whether a member says nothing: it is a secret, always the same, or what was sent under this name."""
        is_sent = name in self._sent and self._sent[name] == value and not _STATUS.fullmatch(name)
        return name in _NEVER_MATTER or is_sent or hides(name, holder)

    def _list(self, value: list[Any], path: tuple[str, ...]) -> Any:
        if not value:
            return value if len(path) == 1 else _NOTHING
        if len(value) > LONGEST_LIST:
            return _NOTHING
        items = [self.part(it, (*path, str(place))) for place, it in enumerate(value)]
        return _NOTHING if any(it is _NOTHING for it in items) else items

    def _string(self, text: str, path: tuple[str, ...]) -> Any:
        if is_made(path, text):
            return _NOTHING
        filled = self._fill(text)
        if filled != text and redact_text(filled) == filled:
            return filled
        is_new = text == "" or len(text) > LONGEST_TEXT or _INSTANT.fullmatch(text) or is_link(text) or "://" in text
        if is_new or redact_text(text) != text or (self._hidden and self._hidden in text):
            return _NOTHING
        return _NOTHING if len(text) >= SHORTEST and text in self._target else text
