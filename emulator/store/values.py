"""Values of resources as JSON, and back, by the types of their fields. Nothing that is read can name a class of its own."""

from __future__ import annotations

import re
import types
import typing
from array import array
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from functools import partial
from itertools import compress
from operator import attrgetter, is_not
from typing import Any, NamedTuple

from msgspec import UNSET, Raw, defstruct, json

from emulator.kernel.budget import Charge, Metered
from emulator.kernel.consequences import Revocation
from emulator.kernel.delivery_faults import DeliveryFault
from emulator.kernel.errors import BadInput
from emulator.kernel.faults import NEXT, Fault
from emulator.kernel.replies import ScriptedReply
from emulator.kernel.resource import structs
from emulator.kernel.time import parse_timestamp
from emulator.kernel.timeline import Reaction, TimelineEvent
from emulator.scenario.calls import body_of
from emulator.scenario.timeline import happening
from emulator.sdk.exact_json import dump, load
from emulator.sdk.vendor import Vendors
from emulator.store.form import NO_VALUE, Form, growing_fields
from emulator.store.parts import PARTS, subclasses
from emulator.text.pattern import pattern

Fields = Mapping[str, Any]
"""Fields of a resource by name, each as JSON has it, or as it stands in a text."""

OF_THE_KERNEL = (Revocation, Fault, DeliveryFault, ScriptedReply, Reaction, TimelineEvent)
"""Resources that no vendor declares; importing them makes them known."""


_FRACTION = pattern(r"[0-9]{1,400}(?:/[0-9]{1,400})?", re.ASCII)

NOTHING = Raw(b"null")
"""JSON that stands for no value."""


class Values:
    """Writes and reads the resources of these vendors and of the kernel."""

    def __init__(self, vendors: Vendors) -> None:
        self._vendors = vendors
        self._classes = dict(_named(dict.fromkeys(subclasses(Metered))))
        self._names = {of: name for name, of in self._classes.items()}
        self._forms: dict[type[Any], Form] = {}

    def written(self, value: Any, before: Any = None, is_alone: bool = False) -> tuple[str, Fields]:
        """Return the name of a resource's class, and those fields that differ from its value before, or from the defaults.

        Of what grew, what is new is written where the value `is_alone`: otherwise parts are, which others have too.
        """
        form = self._forms.get(value.__class__) or self._form(value.__class__)
        former = form.defaults if before is None or before.__class__ is not form.of else form.values(before)
        values = form.values(value)
        others = compress(zip(form.write, values, former, strict=True), map(is_not, values, former))
        fields = {name: form.write_field(name, it, old) for name, it, old in others if differs(it, old)}
        if is_alone and form.later and former is not form.defaults:
            fields = form.written_later(fields, before)
        return form.name, fields

    def read(self, name: str, fields: Raw, before: Any = None) -> Any:
        """Return the resource of a class that has these fields; the others are as before, or have their defaults.

        Raises:
            BadInput: there is no such class, or it has no such fields, or others of other types.
        """
        of = self._classes.get(name)
        if of is None:
            raise BadInput.at(f"{name!r} is no kind of resource of this version: another version, or another vendor, wrote it")
        form, former = self._form(of), before if before.__class__ is of else None
        try:
            found = form.read_fields(fields, former)
            return _with_body(of(**found)) if former is None else structs.replace(former, charge=None, **found)
        except (KeyError, TypeError, ValueError, ArithmeticError) as error:
            raise BadInput.at(f"a {name} cannot be read: {error}") from None

    def _form(self, of: type[Any]) -> Form:
        form = self._forms.get(of)
        return form or self._forms.setdefault(of, self._make_form(of))

    def _make_form(self, of: type[Any]) -> Form:
        hints = {name: hint for name, hint in typing.get_type_hints(of).items() if name in of.__struct_fields__}
        del hints["charge"]
        grow = dict(growing_fields(of))
        ways = {name: _sequence(hint) if name in grow else self._way(name, hint) for name, hint in hints.items()}
        optional = dict(zip(reversed(of.__struct_fields__), reversed(of.__struct_defaults__), strict=False))
        later = {name: f"{name}_later" for name, hint in hints.items() if hasattr(hint, "from_kept_after")}
        types = {name: way.kept for name, way in ways.items()} | dict.fromkeys(later.values(), dict[str, Any])
        kept = defstruct(of.__name__, [(name, it, UNSET) for name, it in types.items()], forbid_unknown_fields=True)
        return Form(
            name=self._names[of],
            of=of,
            write={name: way.write for name, way in ways.items()},
            decode=reader_of(kept),
            read={name: way.read for name, way in ways.items() if way.read is not None},
            values=attrgetter(*ways),
            defaults=tuple([optional.get(name, NO_VALUE) for name in ways]),
            grow=grow,
            later=later,
        )

    def _way(self, name: str, hint: Any) -> Way:
        if name == "happen":
            return Way(_fields_and_place, Raw, partial(_read_happening, self._vendors))
        if name == "delay":
            return Way(_same, Raw, _read_delay)
        if name in ("match", "written"):
            return Way(exactly, Raw, read_exactly)
        plain = next((it for it in _alternatives(hint) if it is not types.NoneType), None)
        if isinstance(plain, type) and hasattr(plain, "from_kept") and hasattr(plain, "__struct_fields__"):
            return Way(lambda it: it if it is None else it.kept(), Raw, partial(_read_kept, plain))
        return Way(_same, hint)


class Way(NamedTuple):
    """The way of a field: a writer, the type of what is kept, and a reader of that where it is not the value itself."""

    write: Callable[[Any], Any]
    kept: Any
    read: Callable[[Raw], Any] | None = None


def differs(value: Any, other: Any) -> bool:
    """Tell whether two values are not the same, as they are told: 0.00 is not 0, and 1 is not true."""
    if value != other or value.__class__ is not other.__class__:
        return True
    return value.__class__ is Decimal and value.as_tuple() != other.as_tuple()


def as_json(value: Any) -> bytes:
    """Return a value as JSON: of structs, tuples, times, texts and numbers, and of what has a form of its own to be kept in."""
    return _ENCODER.encode(value)


def reader_of(hint: Any) -> Callable[[bytes | Raw], Any]:
    """Return a function that reads JSON of a type."""
    return json.Decoder(hint, dec_hook=_read_other).decode


def _write_other(value: Any) -> Any:
    if hasattr(value, "kept"):
        parts = PARTS.get()
        return value.kept() if parts is None or value.small_size is not None else {"part": parts.place(value)}
    if isinstance(value, Charge):
        return None
    if isinstance(value, array):
        return [value.typecode, b64encode(value.tobytes()).decode()]
    if isinstance(value, Fraction):
        return str(value)
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, typing.Collection):
        return [*value]
    raise TypeError(f"a {type(value).__name__} cannot be kept")


def _read_other(of: type[Any], value: Any) -> Any:
    if of is array:
        numbers = array(value[0])
        numbers.frombytes(b64decode(value[1]))
        return numbers
    if of is Fraction and not (isinstance(value, str) and _FRACTION.fullmatch(value)):
        raise ValueError("a fraction is two numbers, or one: 1e999999999 has a billion digits")
    if issubclass(of, datetime):  # one of freezegun, which was in the place of the class
        return parse_timestamp(value)
    if not hasattr(of, "from_kept"):
        return of(value)
    parts = PARTS.get()
    if parts is not None and isinstance(value, dict) and "part" in value:
        part = parts.found[value["part"]]
        if not isinstance(part, of):
            raise TypeError(f"part {value['part']} is no {of.__name__}")
        return part
    return of.from_kept(value) if parts is None else parts.one_like(of, value)


_ENCODER = json.Encoder(enc_hook=_write_other)


def _named(classes: Mapping[type[Any], None]) -> Iterator[tuple[str, type[Any]]]:
    """Yield classes with their names: their kinds, and with their own names where several have one kind."""
    kinds = [getattr(it, "kind", "") for it in classes]
    for of, kind in zip(classes, kinds, strict=True):
        if kind:
            yield (kind if kinds.count(kind) == 1 else f"{kind}/{of.__name__}"), of


def _alternatives(hint: Any) -> tuple[Any, ...]:
    return typing.get_args(hint) if typing.get_origin(hint) in (typing.Union, types.UnionType) else (hint,)


def _sequence(hint: Any) -> Way:
    read = reader_of(hint)
    return Way(_same, Raw, lambda raw: tuple(read(raw)))


def _same(value: Any) -> Any:
    return value


def exactly(value: Any) -> Raw:
    """Return a JSON value whose numbers stay exact."""
    return Raw(dump(value))


def read_exactly(raw: Raw) -> Any:
    """Return the value that `exactly` has written."""
    return load(bytes(raw))


def _read_kept(of: type[Any], raw: Raw) -> Any:
    value = json.decode(raw)
    return None if value is None else of.from_kept(value)


def _read_delay(raw: Raw) -> timedelta | str | None:
    return NEXT if bytes(raw) == b'"%s"' % NEXT.encode() else json.decode(raw, type=timedelta | None)


def _fields_and_place(happen: Any) -> Any:
    _, fields, place = happen.args
    return exactly(fields), place


def _read_happening(vendors: Vendors, raw: Raw) -> Any:
    fields, place = json.decode(raw, type=tuple[Raw, str])
    return happening(vendors, read_exactly(fields), place)


def _with_body(value: Any) -> Any:
    """Return a rule with the body that it gives as it is written, which may be bytes, a text or a value."""
    return structs.replace(value, body=body_of(value.written)) if isinstance(value, (Fault, ScriptedReply)) else value
