"""Credentials and other secrets of a client's requests, and what stands in their place in a recording."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Callable, Container, Iterable, Mapping
from functools import cache
from typing import Any

from emulator.recording.events import Call, Event
from emulator.scenario.document import JsonObject
from emulator.sdk.vendor import Vendor
from emulator.text.pattern import pattern
from emulator.text.redact import SCHEMES, hides, redact_body, redact_header, redact_text
from emulator.text.secrets import SHOWN, redact, redact_shapes

_STAND_IN = pattern(r"\{[\w.-]{1,200}\}|(?:[a-z]{2}_(?:org_)?test_|whsec_)?recorded[0-9]{1,9}")
"""A text that may stand in place of a secret."""

_KIND = pattern(r"[a-z]{2}_(?:org_)?(?:live|test)_|whsec_")
"""The beginning of a key that tells of which kind it is."""

HIDDEN = "…"
"""The end of what is shown of a secret."""

COVERED = f"xxxx{HIDDEN}"
"""A text that is taken for a secret that is covered already."""

LISTING = frozenset({"revoke"})
"""Keys of a scenario that list credentials, but for those that are named so."""


class Credentials:
    """Puts something else in the place of each secret, the same for the same one.

    `own` are the fields of the world's own credentials by their placeholders; `accepts` tells of a vendor and a credential
    whether the world takes it. The first credential of a vendor that is taken, and of the same kind, becomes the world's own
    one; other secrets are made up, and so are all that the scenario has: these are hidden first.
    """

    def __init__(self, own: Mapping[str, str], accepts: Callable[[str, str], bool], events: Iterable[Event]) -> None:
        self._accepts = accepts
        self._own = {value: f"{{{name}}}" for name, value in own.items()}
        self._chosen: dict[str, str] = {}
        self._listed: set[str] = set()
        self._said = {"", *self._own.values()}
        used = {it.credential for it in events if isinstance(it, Call)}
        self._owners = {place: secret for secret, place in self._own.items() if secret in used}

    def replace(self, call: Call, name: str, secret: str) -> str:
        """Return what stands in place of a value under the name of a secret in a request."""
        if secret in self._listed:
            return self._made_up(secret)
        return self.note(self._own.get(secret) or self._place(call, name, secret) or self._made_up(secret))

    def hide(self, value: Any) -> Any:
        """Return a part of a scenario with something else in the place of each secret, which has that from now on."""
        return covered(value, self._hidden, self._with_hidden, also=LISTING)

    def _hidden(self, _name: str, value: str) -> str:
        scheme, _, secret = value.partition(" ")
        return f"{scheme} {self._list(secret)}" if secret and scheme.lower() in SCHEMES else self._list(value)

    def _with_hidden(self, text: str) -> str:
        """Return a text with something else in the place of each secret in it."""
        shown = redact_text(text)
        if shown == text:
            return text
        said, end = "", 0
        for count, piece in enumerate([*shown.split(HIDDEN), ""]):
            start = text.find(piece, end) if piece or not count else len(text)
            if start < 0:
                return shown
            said = (self._with_last_hidden(said, text[end:start]) if count and start > end else said) + piece
            end = start + len(piece)
        return said

    def _with_last_hidden(self, said: str, rest: str) -> str:
        """Return a text, at whose end the beginning of a secret may be shown, and what stands in place of that secret.

        Where nobody knows whether that is its beginning, it stays. A user and a password are two secrets.
        """
        whole = said[-SHOWN:] + rest
        if whole in self._chosen or redact_shapes(whole) == redact(whole):
            return said[:-SHOWN] + self._list(whole)
        return said + ":".join(map(self._list, rest.split(":")))

    def _list(self, secret: str) -> str:
        """Return what stands in place of a secret of the scenario wherever it is."""
        if secret not in self._said:
            self._listed.add(secret)
        return self._made_up(secret)

    def is_placeholder(self, vendor: Vendor, name: str) -> bool:
        """Tell whether a name in braces stands for a field of the world's own credentials of a vendor."""
        place = f"{{{name}}}"
        return place in self._own.values() or place in {placeholder(vendor, field) for field in fields_of(vendor)}

    def note(self, said: str) -> str:
        """Note that a text stands where a secret could stand, and is none; return it."""
        self._said.add(said)
        return said

    def _made_up(self, secret: str) -> str:
        if secret in self._said:
            return secret
        return self.note(self._chosen.setdefault(secret, f"{_kind(secret)}recorded{len(self._chosen) + 1}"))

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
        return _STAND_IN.sub(lambda found: COVERED if found[0] in self._said else found[0], text)


def covered(
    value: Any,
    secret: Callable[[str, str], str],
    text: Callable[[str], str],
    within: str = "",
    also: Container[str] = (),
) -> Any:
    """Return a JSON value with what `secret` makes of the secrets in it, and `text` of other texts.

    `secret` takes a name, and the text under it; `within` is a name under which the whole value stands. A number that is a
    secret becomes 0. Names in `also` are those of secrets, too.
    """
    if isinstance(value, dict):
        names = {name: within or (name if name in also or hides(name, value) else "") for name in value}
        return {name: covered(part, secret, text, names[name], also) for name, part in value.items()}
    if isinstance(value, list):
        places = [within or ("secret" if hides(place, value) else "") for place in range(len(value))]
        return [covered(part, secret, text, name, also) for part, name in zip(value, places, strict=True)]
    if not isinstance(value, str):
        return 0 if within and value is not None and not isinstance(value, bool) else value
    return secret(within, value) if within else text(value)


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
