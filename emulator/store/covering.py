"""The image of a world with stand-ins in the places of secrets. It is read twice: what is a secret may be told behind it."""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cache
from typing import Any

from msgspec import Raw
from msgspec import json as fast_json

from emulator.kernel.accounts import ONE_ACCOUNT
from emulator.kernel.world import World
from emulator.sdk.exact_json import load
from emulator.sdk.vendor import Vendors
from emulator.store.events import KeptDelivery, KeptExchange
from emulator.store.long_lines import LONG
from emulator.text.checkpoint import checkpoint
from emulator.text.redact import DEEPEST, hides, redact_header, redact_text, within_keys
from emulator.text.secrets import COVER
from emulator.text.stand_ins import StandIns, of_parts

NOBODY = "placeholder"
"""The id of the world whose own credentials, with the seed 0, stand for those of any world."""

CALLERS = frozenset({"caller", "credential", "listed", "owners"})
"""Names of what holds credentials, beside those of secrets."""

UNTOLD = frozenset({"timing", "assume", "proves"})
"""Parts of a scenario whose names may look like those of secrets, and that hold none."""

FORMLESS = frozenset({"events"})
"""Lines that are looked at part by part: what clients send has any form."""

_MEMBER = fast_json.Decoder(dict[str, Raw])
_ITEMS = fast_json.Decoder(list[Raw])
Change = Callable[[str], str]


def own_stand_ins(world: World, vendors: Vendors) -> dict[str, str]:
    """Return the world's own credentials, each with that of the world NOBODY, which stands for it."""
    fixed: dict[str, str] = {}
    for name, vendor in vendors.items():
        accounts = world.rules.accounts.get(name, ONE_ACCOUNT)
        own = vendor.credentials_by_account(world.id, world.seed, accounts)
        for account, other in vendor.credentials_by_account(NOBODY, 0, accounts).items():
            fixed |= {own[account].fields[field]: other.fields[field] for field in other.fields}
    return fixed


def stand_in_claims(world: World, vendors: Vendors) -> list[tuple[str, str]]:
    """Return the credentials that stand for the own ones of a world that comes from a file."""
    accounts = world.rules.accounts
    return [
        (name, it.credential)
        for name, vendor in vendors.items()
        for it in vendor.credentials_by_account(NOBODY, 0, accounts.get(name, ONE_ACCOUNT)).values()
        if it.credential in (world.rules.credentials.get(name) or ())
    ]


def covered(image: Callable[[], Iterable[bytes]], stand_ins: StandIns) -> Iterator[bytes]:
    """Yield the lines of an image, which is written twice, with stand-ins in the places of its secrets."""
    noting = Lines(stand_ins.note, lambda text: text)
    for line in image():
        noting.changed(line)
    stand_ins.settle()
    yield from map(Lines(stand_ins.of, stand_ins.put_into).changed, image())


class Lines:
    """Makes lines of an image with `each` done to all that is called a secret or looks like one, and `known` to all texts."""

    def __init__(self, each: Change, known: Change) -> None:
        self._each = each
        self._known = known
        self._is_new = False
        self._ways: Mapping[str, Callable[[Any], Any]] = {
            "world": self._world,
            "parts": self._part,
            "values": self._value,
            "events": self._event,
            "commits": self._commit,
            "resources": self._resource,
        }

    def changed(self, line: bytes) -> bytes:
        """Return a line of an image; one in which nothing changes is that very line."""
        ((name, raw),) = _MEMBER.decode(line).items()
        way = self._ways.get(name)
        if way is None:
            return line
        before = COVER.by
        try:
            if name == "world":
                return _line(name, self._item(raw, way))
            if name not in FORMLESS and len(line) < LONG and not self._may_hold_secrets(line):
                return line
            return _line(name, b"[%b]" % b",".join(self._item(it, way, name) for it in _ITEMS.decode(raw)))
        finally:
            COVER.by = before

    def _may_hold_secrets(self, text: bytes) -> bool:
        """Tell whether a text may have one, by one look at it in place of one at each of its parts."""
        found = list[str]()

        def note(secret: str) -> str:
            found.append(secret)
            return secret

        COVER.by, written = note, text.decode()
        return self._known(written) != written or redact_text(written) != written or bool(found) or b'"caller"' in text

    def _item(self, raw: Raw, way: Callable[[Any], Any], name: str = "world") -> bytes:
        checkpoint()
        if name != "world" and name not in FORMLESS and len(line := bytes(raw)) < LONG and not self._may_hold_secrets(line):
            return bytes(raw)
        COVER.by = self._cover
        value = _read(bytes(raw))
        changed = way(value)
        return bytes(raw) if changed is value else fast_json.encode(changed)

    def _cover(self, secret: str) -> str:
        """Return what stands in place of what is taken for a secret."""
        changed = of_parts(secret, self._each, self._text)
        self._is_new = self._is_new or changed != secret
        return changed

    def _text(self, text: str) -> str:
        """Return a text with the secrets in it replaced; it is decoded only where one stands in it that nothing else shows."""
        known = self._known(text)
        before, self._is_new = self._is_new, False
        shown = redact_text(known)
        known, self._is_new = (shown if self._is_new else known), before or self._is_new
        return known

    def _any(self, value: Any, is_secret: bool = False, depth: int = 0) -> Any:
        """Return a JSON value with the secrets in it replaced; where there are none, that very value."""
        if isinstance(value, str):
            return self._cover(value) if is_secret else self._text(value)
        if not isinstance(value, (dict, list)):
            return 0 if is_secret and value is not None and not isinstance(value, bool) else value
        if depth >= DEEPEST:
            return _read(self._text(fast_json.encode(value).decode()))
        if isinstance(value, dict):
            changed: Any = self._object(value, is_secret, depth)
            return value if changed == value and [*changed] == [*value] else changed
        hidden = [is_line or is_secret or hides(place, value) for place, is_line in enumerate(within_keys(value))]
        changed = [self._any(part, is_hidden, depth + 1) for part, is_hidden in zip(value, hidden, strict=True)]
        return value if changed == value else changed

    def _object(self, value: dict[str, Any], is_secret: bool, depth: int) -> dict[str, Any]:
        return {
            self._text(name): self._any(part, is_secret or name in CALLERS or hides(name, value), depth + 1)
            for name, part in value.items()
        }

    def _body(self, text: str) -> str:
        """Return a body; one in JSON keeps its form unless a secret is left that only its value tells of."""
        text = self._text(text)
        if not text.lstrip().startswith(("{", "[")):
            return text
        try:
            value = _read(text)
        except (ValueError, RecursionError):
            return text
        changed = self._any(value)
        return text if changed is value else fast_json.encode(changed).decode()

    def _bytes(self, kept: Any) -> Any:
        """Return a body as it is kept: a text, or Base64 in a list."""
        if isinstance(kept, str):
            return self._body(kept)
        content = b64decode(kept[0])
        for encoding in (json.detect_encoding(content), "latin-1"):
            try:
                text = content.decode(encoding)
            except UnicodeDecodeError:
                continue
            changed = self._body(text)
            return kept if changed == text else [b64encode(changed.encode(encoding, "replace")).decode()]
        return kept

    def _world(self, kept: dict[str, Any]) -> dict[str, Any]:
        rules = kept["rules"]
        credentials = {
            vendor: None if accepted is None else {self._cover(it): self._any(fields, True) for it, fields in accepted.items()}
            for vendor, accepted in rules["credentials"].items()
        }
        accounts = {
            vendor: {
                **it,
                "owners": {self._cover(credential): id for credential, id in it["owners"].items()},
                "listed": self._any(it["listed"], True),
            }
            for vendor, it in rules["accounts"].items()
        }
        parameters = self._any(rules["parameters"])
        rules = {**rules, "credentials": credentials, "accounts": accounts, "parameters": parameters}
        return {**kept, "rules": rules, "source": self._source(kept["source"])}

    def _source(self, source: Any) -> Any:
        if not isinstance(source, dict):
            return self._any(source)
        told = self._any({name: part for name, part in source.items() if name not in UNTOLD})
        return {name: told.get(name, part) for name, part in source.items()}

    def _part(self, part: list[Any]) -> list[Any]:
        kept = self._any(part[1])
        return part if kept is part[1] else [part[0], kept]

    def _value(self, value: list[Any]) -> list[Any]:
        fields = self._any(value[1])
        return value if fields is value[1] else [value[0], fields, *value[2:]]

    def _commit(self, commit: list[Any]) -> list[Any]:
        changes = [[kind, self._text(id), *rest] for kind, id, *rest in commit[4]]
        written = self._any(commit[6])
        return commit if changes == commit[4] and written is commit[6] else [*commit[:4], changes, commit[5], written]

    def _resource(self, located: list[Any]) -> list[Any]:
        id = self._text(located[1])
        return located if id == located[1] else [located[0], id, *located[2:]]

    def _event(self, event: list[Any]) -> list[Any]:
        if event[0] == "change":
            changes = self._changes(event[1:])
            return event if changes == event[1:] else [event[0], *changes]
        places = _places(KeptExchange if event[0] == "exchange" else KeptDelivery)
        changed = [*event]
        for name, way in self._ways_of_event.items():
            if (place := places.get(name)) is not None:
                changed[place] = way(event[place])
        return event if changed == event else changed

    @property
    def _ways_of_event(self) -> Mapping[str, Callable[[Any], Any]]:
        return {
            "credential": lambda it: None if it is None else self._cover(it),
            "method": self._text,
            "target": self._text,
            "headers": lambda it: [[self._text(name), self._header(name, value)] for name, value in it],
            "request": self._bytes,
            "response": self._bytes,
            "changes": self._changes,
            "applied_rows": lambda it: [[kind, self._text(id), row] for kind, id, row in it],
        }

    def _header(self, name: str, value: str) -> str:
        return redact_header(name, self._known(value))

    def _changes(self, changes: list[Any]) -> list[Any]:
        return [[at, kind, self._text(id), *rest] for at, kind, id, *rest in changes]


@cache
def _places(of: type[Any]) -> Mapping[str, int]:
    """Return the places of the fields of an event in its list, behind the tag."""
    return {name: place for place, name in enumerate(of.__struct_fields__, 1)}


def _read(text: bytes | str) -> Any:
    """Return a JSON value whose numbers stay as they are written."""
    return load(text, is_strict=False, parse_int=_as_written, parse_float=_as_written)


def _as_written(number: str) -> Raw:
    return Raw(number.encode())


def _line(name: str, content: bytes) -> bytes:
    return b'{"%b":%b}' % (name.encode(), content)
