"""A request of the journal as its client sent it: each part is parsed once, however often it is compared."""

from __future__ import annotations

import re
from codecs import BOM_UTF8
from decimal import Decimal
from functools import cached_property
from typing import Any
from urllib.parse import parse_qs

from emulator.kernel.exchange import Exchange
from emulator.kernel.limits import Limits
from emulator.scenario.document import JsonObject
from emulator.sdk.exact_json import Unreadable, load
from emulator.text.pattern import pattern
from emulator.text.redact import DEEPEST
from emulator.web.routes import Route, Routes

FORM_TYPE = "application/x-www-form-urlencoded"
NO_RESOURCE = ("world", "token", "file")
"""Parameters of a path that are no id of a resource."""

_NUMBER = pattern(r"-?[0-9]{1,18}(\.[0-9]{1,18})?", re.ASCII)


class RecordedRequest:
    """The request of an exchange, numbered `n` in the journal."""

    def __init__(self, n: int, exchange: Exchange, routes: Routes) -> None:
        self.n, self.exchange, self.operation, self._routes = n, exchange, exchange.operation, routes

    @cached_property
    def _route(self) -> Route | None:
        return self._routes.find(self.exchange.method, self.exchange.target.partition("?")[0], self.exchange.headers)

    @cached_property
    def ids(self) -> list[str]:
        """The ids of the resources in the path."""
        return [value for name, value in self._route.parameters.items() if name not in NO_RESOURCE] if self._route else []

    def has_id(self, id: str) -> bool:
        """Tell whether the path has an id, also in lower case."""
        is_exact = self._route is not None and self._route.vendor.case_sensitive
        ids = {*self.ids} if is_exact else {*self.ids, *map(str.lower, self.ids)}
        return not ids.isdisjoint((id, id.lower()))

    @property
    def folds_names(self) -> bool:
        """True where the vendor takes the names of a query or a JSON body in any case."""
        return self._route is not None and self._route.vendor.folds_names

    @cached_property
    def query(self) -> JsonObject:
        """The fields of the query."""
        return form_fields(self.exchange.target.partition("?")[2])

    @cached_property
    def headers(self) -> dict[str, str]:
        """The first header of each name, the names in lower case."""
        pairs = [(name.decode("latin-1").lower(), value.decode("latin-1")) for name, value in self.exchange.headers]
        return dict(reversed(pairs))

    @cached_property
    def is_form(self) -> bool:
        """True where the body is a form. JSON is JSON under a form's content type, too."""
        types = [value for name, value in self.exchange.headers if name.lower() == b"content-type"]
        media_type = types[-1].decode("latin-1").partition(";")[0].strip().lower() if types else ""
        return media_type == FORM_TYPE and not self.exchange.request.lstrip().startswith((b"{", b"["))

    @cached_property
    def form(self) -> JsonObject:
        """The fields of the form."""
        return form_fields(self.exchange.request.decode("utf-8", "replace"))

    @cached_property
    def json(self) -> tuple[bool, Any]:
        """True and the value of a body that is JSON; else False and the reason that it cannot be compared, None for no JSON."""
        try:
            content = self.exchange.request.removeprefix(BOM_UTF8)
            return True, load(content, max_depth=DEEPEST, is_strict=False) if content else None
        except Unreadable as reason:
            return False, str(reason)
        except ValueError:
            return False, None

    @property
    def incomparable(self) -> str | None:
        """The reason why the body cannot be compared; None where it can, or is no JSON and so differs from any."""
        if self.exchange.cut:
            return f"the journal kept a part of the body of exchange {self.n}: {Limits.more('journal_bytes')}"
        if self.is_form or self.json[0] or self.json[1] is None:
            return None
        return f"the body of exchange {self.n} cannot be compared: {self.json[1]}"


def form_fields(text: str) -> JsonObject:
    """Return the fields of a form or a query as texts, in a list where a name is there more than once."""
    fields = parse_qs(text, keep_blank_values=True)
    return {name: values[0] if len(values) == 1 else values for name, values in fields.items()}


def coerce(fields: Any, expected: Any) -> Any:
    """Return fields, which are texts, as the types of the expected value where they can be: `"true"` as true, `"5"` as 5."""
    if isinstance(expected, dict) and isinstance(fields, dict):
        return {key: coerce(part, expected.get(key, part)) for key, part in fields.items()}
    if isinstance(expected, list) and not isinstance(fields, dict):
        items = fields if isinstance(fields, list) else _items(fields, len(expected))
        return [coerce(part, expected[index] if index < len(expected) else part) for index, part in enumerate(items)]
    if not isinstance(fields, str):
        return fields
    if isinstance(expected, bool):
        return {"true": True, "1": True, "false": False, "0": False}.get(fields.lower(), fields)
    if isinstance(expected, (int, Decimal)) and _NUMBER.fullmatch(fields):
        return Decimal(fields)
    return None if expected is None and fields in ("", "null") else fields


def _items(text: Any, expected: int) -> list[Any]:
    """Return the items of a text such as `1,3`, where more than one is expected; else the text as the only item."""
    return text.split(",") if isinstance(text, str) and expected > 1 and "," in text else [text]
