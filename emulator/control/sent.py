"""A request of the journal as its client sent it, each part of it read once, however often it is compared."""

from __future__ import annotations

from functools import cached_property
from typing import Any

from emulator.control.exact_json import Unreadable, exactly
from emulator.control.fields import form_fields
from emulator.kernel.journal import Exchange
from emulator.kernel.limits import Limits
from emulator.web.routes import Routes

FORM = "application/x-www-form-urlencoded"
NO_RESOURCE = ("world", "token", "file")
"""Parameters of a path that are no id."""


class Sent:
    """The ids, the query, the headers and the body of an exchange."""

    def __init__(self, n: int, exchange: Exchange, routes: Routes) -> None:
        self.n, self.exchange, self._routes = n, exchange, routes

    @cached_property
    def ids(self) -> list[str]:
        """The resources that the path names."""
        route = self._route
        return [value for name, value in route.parameters.items() if name not in NO_RESOURCE] if route else []

    @cached_property
    def known_as(self) -> set[str]:
        """The ids, and in small letters too where the vendor takes them so."""
        exact = self._route is not None and self._route.vendor.case_sensitive
        return {*self.ids} if exact else {*self.ids, *(id.lower() for id in self.ids)}

    @cached_property
    def _route(self) -> Any:
        return self._routes.find(self.exchange.method, self.exchange.target.partition("?")[0])

    @cached_property
    def query(self) -> dict[str, Any]:
        """The fields of the query."""
        return form_fields(self.exchange.target.partition("?")[2])

    @cached_property
    def headers(self) -> dict[str, str]:
        """The headers by their names in small letters, the first of each."""
        sent: dict[str, str] = {}
        for name, value in self.exchange.headers:
            sent.setdefault(name.decode("latin-1").lower(), value.decode("latin-1"))
        return sent

    @cached_property
    def is_form(self) -> bool:
        """Whether the body is read as a form: JSON is JSON under a form's content type, too."""
        types = [value for name, value in self.exchange.headers if name.lower() == b"content-type"]
        media_type = types[-1].decode("latin-1").partition(";")[0].strip().lower() if types else ""
        return media_type == FORM and not self.exchange.request.lstrip().startswith((b"{", b"["))

    @cached_property
    def form(self) -> dict[str, Any]:
        """The fields of a form."""
        return form_fields(self.exchange.request.decode("utf-8", "replace"))

    @cached_property
    def json(self) -> tuple[bool, Any]:
        """Whether the body is JSON that can be compared, and its value; where it is not, the reason, or None."""
        try:
            return True, exactly(self.exchange.request)
        except Unreadable as reason:
            return False, str(reason)
        except ValueError:
            return False, None

    @property
    def incomparable(self) -> str | None:
        """Why the body cannot be compared; None where it can, or is no JSON, which is an answer, too."""
        if self.exchange.cut:
            return f"the journal kept a part of the body of exchange {self.n}: {Limits.more('journal_bytes')}"
        if self.is_form or (reason := self.json[1] if not self.json[0] else None) is None:
            return None
        return f"the body of exchange {self.n} cannot be compared: {reason}"
