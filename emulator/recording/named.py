"""The names in a step: the values that answers before it gave, and the world's own credentials."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from emulator.recording.events import Call, Event, value_of
from emulator.recording.steps import Said
from emulator.scenario.document import JsonDict, JsonObject
from emulator.scenario.schema import PLACEHOLDER
from emulator.text.redact import redact_text
from emulator.text.secrets import is_secret


class Own(NamedTuple):
    """A field of the world's own credentials: of a vendor, and of one of several accounts."""

    vendor: str
    account: str | None
    field: str


def own_field(name: str) -> Own:
    """Return the field that a name such as `serpwow.api_key` or `serpwow.b.api_key` stands for."""
    vendor, _, rest = name.partition(".")
    account, _, field = rest.rpartition(".")
    return Own(vendor, account or None, field)


class Kept(NamedTuple):
    """A value that an answer gave: the request and its step, the path of the value, and the value itself."""

    call: Call
    step: JsonDict
    path: tuple[str | int, ...]
    value: str

    @property
    def place(self) -> str:
        """The path of the value, dotted."""
        return ".".join(map(str, self.path))

    @property
    def is_secret(self) -> bool:
        """Tell whether it may not be read: it goes by the name of a secret, or looks like one."""
        key = next((it for it in reversed(self.path) if isinstance(it, str)), "")
        return is_secret(key) or redact_text(self.value) != self.value


def paired(events: Sequence[Event], said: Sequence[Said]) -> Iterator[tuple[Call | None, Said]]:
    """Yield what is said of events, with the request where it is about one."""
    calls = iter([it for it in events if isinstance(it, Call)])
    for it in said:
        yield (next(calls) if it.step is None or "send" in it.step else None), it


def kept_by(call: Call, step: JsonDict) -> dict[str, Kept]:
    """Return the values that a step keeps, by their names."""
    reply = value_of(call.reply)
    return {name: Kept(call, step, *_found(reply, path)) for name, path in step.get("keep", {}).items()}


def _found(value: Any, path: str) -> tuple[tuple[str | int, ...], str]:
    """Return the keys and places of a dotted path in the value of an answer, and the text that is there."""
    way: list[str | int] = []
    for part in path.split("."):
        way.append(int(part) if isinstance(value, list) else part)
        value = value[way[-1]]
    return tuple(way), value


def names_in(step: JsonObject) -> list[str]:
    """Return what stands in braces in the request of a step, in order."""
    return [*dict.fromkeys(name for part in ("send", "headers", "json", "body") for name in _names(step.get(part)))]


def _names(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield from PLACEHOLDER.findall(value)
    elif isinstance(value, Mapping):
        for part in value.values():
            yield from _names(part)
    elif isinstance(value, list):
        for part in value:
            yield from _names(part)


def with_values(value: Any, values: Mapping[str, str]) -> Any:
    """Return a JSON value with values in the place of their names in braces."""
    if isinstance(value, str):
        return PLACEHOLDER.sub(lambda found: values.get(found[1], found[0]), value)
    if isinstance(value, Mapping):
        return {name: with_values(part, values) for name, part in value.items()}
    return [with_values(part, values) for part in value] if isinstance(value, list) else value
