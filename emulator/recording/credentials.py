"""Credentials and other secrets of a client's requests, and what stands in their place in a recording."""

from __future__ import annotations

import re
from base64 import b64decode
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from typing import Any

from emulator.recording.events import Call, Event
from emulator.scenario.document import JsonObject
from emulator.sdk.vendor import Vendor
from emulator.text.redact import redact_body, redact_header

_STAND_IN = re.compile(r"\{[\w.-]{1,200}\}|(?:[a-z]{2}_(?:org_)?test_|whsec_)?recorded[0-9]{1,9}")
"""A text that may stand in place of a secret."""

_KIND = re.compile(r"[a-z]{2}_(?:org_)?(?:live|test)_|whsec_")
"""The beginning of a key that tells of which kind it is."""

COVERED = "xxxx…"
"""A text that is taken for a secret that is covered already."""


class Credentials:
    """Puts something else in the place of each secret, the same for the same one.

    `literals` are texts of the scenario, which are no secrets to who has it. `own` are the fields of the world's own
    credentials by their placeholders; `accepts` tells of a vendor and a credential whether the world takes it. The
    first credential of a vendor that is taken, and of the same kind, becomes the world's own one; other secrets are made up.
    """

    def __init__(
        self,
        literals: frozenset[str],
        own: Mapping[str, str],
        accepts: Callable[[str, str], bool],
        events: Iterable[Event],
    ) -> None:
        self._literals = literals
        self._accepts = accepts
        self._own = {value: f"{{{name}}}" for name, value in own.items()}
        self._chosen: dict[str, str] = {}
        self._said: set[str] = set()
        used = {it.credential for it in events if isinstance(it, Call)}
        self._owners = {place: secret for secret, place in self._own.items() if secret in used}

    def replace(self, call: Call, name: str, secret: str) -> str:
        """Return what stands in place of a value under the name of a secret in a request."""
        if not secret or secret in self._literals:
            return self.note(secret)
        return self.note(self._own.get(secret) or self._place(call, name, secret) or self._made_up(secret))

    def is_placeholder(self, vendor: Vendor, name: str) -> bool:
        """Tell whether a name in braces stands for a field of the world's own credentials of a vendor."""
        place = f"{{{name}}}"
        return place in self._own.values() or place in {placeholder(vendor, field) for field in fields_of(vendor)}

    def note(self, said: str) -> str:
        """Note that a text stands where a secret could stand, and is none; return it."""
        self._said.add(said)
        return said

    def _made_up(self, secret: str) -> str:
        return self._chosen.setdefault(secret, f"{_kind(secret)}recorded{len(self._chosen) + 1}")

    def _place(self, call: Call, name: str, secret: str) -> str | None:
        """Return the placeholder of the world's own credential that a secret becomes; None where it becomes none."""
        vendor = call.vendor
        field = next((it for it in fields_of(vendor) if it == name.lower()), vendor.credential_field)
        place = placeholder(vendor, field)
        is_fit = _kind(secret) == _kind(fields_of(vendor)[field]) and self._is_taken(call, field, name, secret)
        return place if is_fit and self._owners.setdefault(place, secret) == secret else None

    def _is_taken(self, call: Call, field: str, name: str, secret: str) -> bool:
        """Tell whether the vendor took a secret as a credential, or as what belongs to one."""
        vendor = call.vendor
        if not call.is_let_in or (field != name.lower() and len(fields_of(vendor)) > 1):
            return False  # what goes by another name was made from the credentials, as a token is
        if secret == call.credential:
            return self._accepts(vendor.name, secret)
        if field != name.lower() or not call.credential or call.credential in self._own:
            return False
        return self.replace(call, vendor.credential_field, call.credential) == placeholder(vendor, vendor.credential_field)

    def shows_a_secret(self, step: JsonObject) -> bool:
        """Tell whether a secret can be read in a step, where something would be hidden but for what stands in its place."""
        parts = self._covered({name: step.get(name) for name in ("send", "body", "json", "get")})
        headers = {name: self._covered(value) for name, value in step.get("headers", {}).items()}
        return redact_body(parts) != parts or any(redact_header(name, value) != value for name, value in headers.items())

    def _covered(self, value: Any) -> Any:
        """Return a value with what stands in place of secrets covered; nothing, and the number 0, are none."""
        if isinstance(value, dict):
            return {self._covered(name): self._covered(part) for name, part in value.items()}
        if isinstance(value, list):
            return [*map(self._covered, value)]
        if value in ("", 0) and value is not False:
            return COVERED
        return self._covered_text(value) if isinstance(value, str) else value

    def _covered_text(self, text: str) -> str:
        covered = _STAND_IN.sub(lambda found: COVERED if found[0] in self._said else found[0], text)
        for literal in self._literals & self._said:
            covered = covered.replace(literal, COVERED) if literal else covered
        return covered


def scheme_of(call: Call, value: str) -> tuple[str, str]:
    """Return the scheme of an authorization and its secret; a key in basic authentication is shown as a bearer token."""
    scheme, _, secret = value.partition(" ")
    if scheme.lower() == "basic" and call.credential and _user_of(secret) == call.credential:
        return "Bearer", call.credential
    return scheme, secret.strip()


def placeholder(vendor: Vendor, field: str) -> str:
    """Return the text that stands for a field of a world's own credentials."""
    return f"{{{vendor.name}.{field}}}"


@cache
def fields_of(vendor: Vendor) -> Mapping[str, str]:
    """Return the fields of a vendor's credentials, as they look."""
    return vendor.make_credentials("0123456789abcdef" * 4).fields


def _kind(secret: str) -> str:
    """Return the beginning of a key that tells of which kind it is; a live key is taken for one of tests."""
    match = _KIND.match(secret)
    return match[0].replace("_live_", "_test_") if match else ""


def _user_of(encoded: str) -> str | None:
    try:
        return b64decode(encoded, validate=True).decode().partition(":")[0]
    except ValueError:
        return None
