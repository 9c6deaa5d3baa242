"""Credentials and other secrets of a client's requests, and what stands in their place in a recording."""

from __future__ import annotations

import re
from base64 import b64decode
from collections.abc import Callable, Iterable, Mapping
from functools import cache

from emulator.recording.events import Call, Event
from emulator.sdk.vendor import Vendor
from emulator.text.redact import SCHEMES, redact_text
from emulator.text.secrets import is_secret

_KIND = re.compile(r"(?:[a-z]{2,8}_)+(?=[^_]+$)")
"""What a key begins with that tells of which kind it is: `sk_test_`."""

_PLACEHOLDER = re.compile(r"\{[^{}]+\}")


class Credentials:
    """Puts something else in the place of each secret, the same for the same one.

    `literals` are texts of the scenario, which are no secrets to who has it. `own` are by vendor the fields of the world's own
    credentials, for which each world has its own; `accepts` tells of a vendor and a credential whether the world takes it. The
    first credential of a vendor that is taken, and of the same kind, becomes the world's own one; other secrets are made up.
    """

    def __init__(
        self,
        literals: frozenset[str],
        own: Mapping[str, Mapping[str, str]],
        accepts: Callable[[str, str], bool],
        events: Iterable[Event],
    ) -> None:
        self._literals = literals
        self._accepts = accepts
        self._own = {value: f"{{{vendor}.{field}}}" for vendor, fields in own.items() for field, value in fields.items()}
        self._chosen: dict[str, str] = {}
        used = {it.credential for it in events if isinstance(it, Call)}
        self._owners = {place: secret for secret, place in self._own.items() if secret in used}

    def replace(self, call: Call, name: str, secret: str) -> str:
        """Return what stands in place of a value under the name of a secret in a request."""
        if not secret or secret in self._literals or _PLACEHOLDER.fullmatch(secret):
            return secret
        known = self._own.get(secret) or self._chosen.get(secret)
        if known is None:
            known = self._chosen[secret] = self._new(call, name, secret)
        return known

    def _new(self, call: Call, name: str, secret: str) -> str:
        vendor, kind = call.vendor, _kind(secret)
        field = next((it for it in fields_of(vendor) if it == name.lower()), vendor.credential_field)
        if self._is_taken(call, field, name, secret) and kind == _kind(fields_of(vendor)[field]):
            place = f"{{{vendor.name}.{field}}}"
            if self._owners.setdefault(place, secret) == secret:
                return place
        return f"{kind}recorded{len(self._chosen) + 1}"

    def _is_taken(self, call: Call, field: str, name: str, secret: str) -> bool:
        """Tell whether the vendor took a secret as a credential, or as what belongs to one."""
        if not call.is_let_in:
            return False
        vendor = call.vendor
        if field != name.lower() and len(fields_of(vendor)) > 1:
            return False  # what goes by another name was made from the credentials, as a token is
        if secret == call.credential:
            return self._accepts(vendor.name, secret)
        if field != name.lower() or not call.credential or call.credential in self._own:
            return False
        return self.replace(call, vendor.credential_field, call.credential) == f"{{{vendor.name}.{vendor.credential_field}}}"

    def in_header(self, call: Call, name: str, value: str) -> str:
        """Return the value of a header without its secret. A key in basic authentication is shown as a bearer token."""
        if not is_secret(name):
            return self.in_text(value)
        scheme, space, secret = value.partition(" ")
        if not space or scheme.lower() not in SCHEMES:
            return self.replace(call, name, value)
        if scheme.lower() == "basic" and call.credential and _user_of(secret) == call.credential:
            scheme, secret = "Bearer", call.credential
        return f"{scheme} {self.replace(call, name, secret.strip())}"

    def in_text(self, text: str) -> str:
        """Return a text in which no secret can be read by its shape."""
        return text if text in self._literals else redact_text(text)


@cache
def fields_of(vendor: Vendor) -> Mapping[str, str]:
    """Return the fields of a vendor's credentials, as they look."""
    return vendor.make_credentials("0123456789abcdef" * 4).fields


def _kind(secret: str) -> str:
    """Return what a key begins with that tells of which kind it is; a live key is taken for one of tests."""
    match = _KIND.match(secret)
    return match[0].replace("_live_", "_test_") if match else ""


def _user_of(encoded: str) -> str | None:
    try:
        return b64decode(encoded, validate=True).decode().partition(":")[0]
    except ValueError:
        return None
