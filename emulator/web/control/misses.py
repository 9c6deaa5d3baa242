"""In what a request differs from the one that was wanted: its path's id, its query, its headers and its body."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any, NamedTuple
from urllib.parse import parse_qsl

from emulator.kernel.journal import Exchange
from emulator.scenario.compare import differences
from emulator.web.control.exact import exactly
from emulator.web.redact import redact_body, redact_header, redact_text
from emulator.web.routes import Routes

FORM = "application/x-www-form-urlencoded"
WISHES = ("json", "id", "query", "headers")
"""Expectations of a request beside its operation."""

NO_RESOURCE = ("world", "token", "file")
"""Parameters of a path that are no id."""

DEEPEST = 20
"""Pairs of brackets in a name that are looked into; one that has more is only there as it was sent."""

KINDS: Mapping[type, str] = {dict: "an object", list: "a list"}

_NUMBER = re.compile(r"-?[0-9]{1,18}(\.[0-9]{1,18})?", re.ASCII)
_INDEX = re.compile(r"[0-9]{1,9}", re.ASCII)
_BRACKETS = re.compile(r"\[([^\[\]]*)\]")


class Misses(NamedTuple):
    """Return the distance of a request from the expected one, 0 where it matches, and the message."""

    distance: int
    told: list[str]


def misses(exchange: Exchange, wanted: Mapping[str, Any], routes: Routes) -> Misses:
    """Return every difference. A body that is not there or cannot be read is farther off than one that holds other values."""
    parts = [
        *_of_id(exchange, wanted, routes),
        *_of_query(exchange, wanted),
        *_of_headers(exchange, wanted),
        *_of_body(exchange, wanted),
    ]
    return Misses(sum(part.distance for part in parts), [redact_text(line) for part in parts for line in part.told])


def has_id(operation: str, routes: Routes) -> bool:
    """Tell whether the path of an operation names a resource."""
    return bool({*routes.parameters(operation)} - {*NO_RESOURCE})


def is_form(exchange: Exchange) -> bool:
    """Tell whether the body of a request is read as a form: JSON is JSON under a form's content type, too."""
    return media_type_of(exchange) == FORM and not exchange.request.lstrip().startswith((b"{", b"["))


def media_type_of(exchange: Exchange) -> str:
    """Return the content type of a request in small letters, without what follows it; empty where there is none."""
    types = [value for name, value in exchange.headers if name.lower() == b"content-type"]
    return types[-1].decode("latin-1").partition(";")[0].strip().lower() if types else ""


def _of_id(exchange: Exchange, wanted: Mapping[str, Any], routes: Routes) -> Iterator[Misses]:
    if "id" not in wanted:
        return
    route = routes.find(exchange.method, exchange.target.partition("?")[0])
    ids = [value for name, value in route.parameters.items() if name not in NO_RESOURCE] if route else []
    known = {*ids} if route and route.vendor.case_sensitive else {*ids, *(id.lower() for id in ids)}
    if not known & {wanted["id"], wanted["id"].lower()}:
        yield Misses(1, [f"the path names {' and '.join(map(repr, ids)) or 'no resource'}, not {wanted['id']!r}"])


def _of_query(exchange: Exchange, wanted: Mapping[str, Any]) -> Iterator[Misses]:
    if "query" in wanted:
        sent = form_fields(exchange.target.partition("?")[2])
        yield _compared(wanted["query"], as_wanted(wanted["query"], sent), "query")


def _of_headers(exchange: Exchange, wanted: Mapping[str, Any]) -> Iterator[Misses]:
    sent: dict[str, str] = {}
    for raw, value in exchange.headers:
        sent.setdefault(raw.decode("latin-1").lower(), value.decode("latin-1"))
    for name, value in wanted.get("headers", {}).items():
        actual = sent.get(name.lower())
        if actual is None:
            yield Misses(1, [f"there is no header {name}"])
        elif actual != value:
            shown, other = redact_header(name, actual), redact_header(name, value)
            same = f"the header {name} has another credential"
            yield Misses(1, [f"the header {name} is {shown!r}, not {other!r}" if shown != other else same])


def _of_body(exchange: Exchange, wanted: Mapping[str, Any]) -> Iterator[Misses]:
    if "json" not in wanted:
        return
    if not exchange.request:
        yield from () if wanted["json"] is None else (_unreadable(wanted, "there is no body"),)
    elif is_form(exchange):
        sent = form_fields(exchange.request.decode("utf-8", "replace"))
        yield _of_value(wanted["json"], as_wanted(wanted["json"], sent))
    else:
        try:
            yield _of_value(wanted["json"], exactly(exchange.request))
        except ValueError:
            yield _unreadable(wanted, "the body is not JSON")


def _of_value(wanted: Any, actual: Any) -> Misses:
    """Return the differences of a body; one of another kind is farther off than one of this kind that differs in all."""
    found = _compared(wanted, actual)
    kind, other = KINDS.get(type(wanted)), KINDS.get(type(actual))
    if kind is None or kind == other:
        return found
    return Misses(_leaves(wanted) + 1, [f"the body is {other}, not {kind}"] if other else found.told)


def _unreadable(wanted: Mapping[str, Any], why: str) -> Misses:
    return Misses(_leaves(wanted["json"]) + 2, [why])


def _compared(wanted: Any, actual: Any, path: str = "") -> Misses:
    """Return the differences of two values, of which credentials are compared and not told."""
    found = list(differences(wanted, actual, path))
    told = list(differences(redact_body(wanted), redact_body(actual), path)) if found else []
    return Misses(len(found), told or ["a credential differs"] if found else [])


def _leaves(value: Any) -> int:
    parts = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return sum(map(_leaves, parts)) or 1


def form_fields(text: str) -> dict[str, Any]:
    """Return the fields of a form or a query, all of them text: `a[b]=1` in an object, `a[]=1` and repeated names in a list.

    What has brackets is there under its own name, too.
    """
    fields: dict[str, Any] = {}
    for name, value in parse_qsl(text, keep_blank_values=True):
        _put(fields, [name], value)
        if 0 < name.count("[") <= DEEPEST and _BRACKETS.search(name):
            _put(fields, [name.partition("[")[0], *_BRACKETS.findall(name)], value)
    return {name: _in_lists(value) for name, value in fields.items()}


def _put(fields: dict[str, Any], keys: list[str], value: str) -> None:
    """Put a value where its keys lead; an empty key, as in `a[]`, is the next index."""
    for key in keys[:-1]:
        inner = fields.setdefault(key or str(len(fields)), {})
        if not isinstance(inner, dict):  # a name that had a value of its own goes deeper, too: nobody can mean that
            return
        fields = inner
    last = keys[-1] or str(len(fields))
    known = fields.get(last)
    fields[last] = value if known is None else [*(known if isinstance(known, list) else [known]), value]


def _in_lists(value: Any) -> Any:
    """Make lists of the objects whose keys are indexes."""
    if not isinstance(value, dict):
        return value
    parts = {key: _in_lists(part) for key, part in value.items()}
    return [parts[key] for key in sorted(parts, key=int)] if all(map(_INDEX.fullmatch, parts)) else parts


def as_wanted(wanted: Any, sent: Any) -> Any:
    """Return what was sent as text, read as the kind that is wanted where it can be: `"true"` as true, `"5"` as 5."""
    if isinstance(wanted, dict) and isinstance(sent, dict):
        return {key: as_wanted(wanted.get(key, part), part) for key, part in sent.items()}
    if isinstance(wanted, list) and not isinstance(sent, dict):
        items = sent if isinstance(sent, list) else _joined(sent, len(wanted))
        return [as_wanted(wanted[index] if index < len(wanted) else part, part) for index, part in enumerate(items)]
    if not isinstance(sent, str):
        return sent
    if isinstance(wanted, bool):
        return {"true": True, "1": True, "false": False, "0": False}.get(sent.lower(), sent)
    if isinstance(wanted, (int, Decimal)) and _NUMBER.fullmatch(sent):
        return Decimal(sent)
    return None if wanted is None and sent in ("", "null") else sent


def _joined(sent: Any, wanted: int) -> list[Any]:
    """Return the items of a text such as `1,3`, where not a single one is wanted; else the text as the only item."""
    return sent.split(",") if isinstance(sent, str) and wanted > 1 and "," in sent else [sent]
