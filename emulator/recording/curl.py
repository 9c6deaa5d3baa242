"""A request as a command of curl, with the variables of a shell in place of credentials."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from shlex import quote
from typing import NamedTuple

from emulator.kernel.errors import Conflict
from emulator.recording.named import Kept, names_in, own_field, with_values
from emulator.scenario.document import JsonObject
from emulator.scenario.schema import PLACEHOLDER
from emulator.sdk.exact_json import dump
from emulator.sdk.vendor import Vendors
from emulator.text.escape import escaped
from emulator.text.pattern import pattern
from emulator.text.redact import redact_text

_ACTIVE = pattern(r'["\\$`!\n]')
"""The characters that a shell reads as its own within double quotes."""

_HARMFUL = pattern(r"[^\w ./,:=?@-]", re.ASCII)
"""The characters that a shell may read as its own in the message of `${name:?message}`."""

_READ = "import json, sys; print(json.load(sys.stdin){})"


class Values(NamedTuple):
    """The values that names stand for: the world's own credentials, and what answers gave; and where the world is."""

    own: Mapping[str, str]
    kept: Mapping[str, Kept]
    vendors: Vendors
    base_url: str
    world: str | None


def curl(step: JsonObject, values: Values) -> str:
    """Return the lines of a shell that send the request of a step.

    Raises:
        Conflict: no command can have its body.
    """
    return "\n".join([*_Shell(values).lines(step)]) + "\n"


class _Shell:
    """A script in the making. A variable is set once, before it is used."""

    def __init__(self, values: Values) -> None:
        self._values = values
        self._variables: dict[str, str] = {}
        self._literals = {name: it.value for name, it in values.kept.items() if not it.is_secret}

    def lines(self, step: JsonObject) -> Iterator[str]:
        """Yield the lines that set what a request needs, and that send it."""
        plain = with_values({name: step[name] for name in ("send", "headers", "json", "body") if name in step}, self._literals)
        for name in names_in(plain):
            yield from self._setting(name)
        yield " \\\n  ".join(self._words(plain))

    def _setting(self, name: str) -> Iterator[str]:
        """Yield the lines that set the variable of a name, where it has one."""
        if name in self._variables:
            return
        if name in self._values.own:
            self._variables[name] = self._own_variable(name)
            yield f"{self._variables[name]}={_word(self._values.own[name])}"
        elif name in self._values.kept:
            kept, variable = self._values.kept[name], re.sub(r"[^A-Z0-9_]", "_", name.upper())
            yield from self._kept(variable, kept)
            self._variables[name] = variable

    def _own_variable(self, name: str) -> str:
        own = own_field(name)
        words = (self._values.vendors[own.vendor].python_name, own.account, own.field)
        return re.sub(r"[^A-Z0-9_]", "_", "_".join(it for it in words if it).upper())

    def _kept(self, variable: str, kept: Kept) -> Iterator[str]:
        """Yield the lines that ask anew for what credentials are exchanged for; anything else is asked of whoever runs it."""
        given = [it for it in names_in(kept.step) if it in self._values.own]
        if len(given) > 1:
            *settings, command = self.lines(kept.step)
            way = "".join(f"[{dump(it).decode()}]" for it in kept.path)
            yield from (*settings, f"{variable}=$({command} |\n  python3 -c {quote(_READ.format(way))})")
        else:
            where = redact_text(f"{kept.place} in the answer of entry {kept.call.n}")
            yield f': "${{{variable}:?set it to {_HARMFUL.sub("_", where)}}}"'

    def _words(self, step: JsonObject) -> Iterator[str]:
        """Yield the parts of a command, each for a line of its own."""
        method, _, target = step["send"].partition(" ")
        has_body = "json" in step or "body" in step
        usual = "POST" if has_body else "GET"
        how = "" if method == usual else " --head" if method == "HEAD" else f" -X {method}"
        more = " -g" if re.search(r"[\[\]{}]", PLACEHOLDER.sub("", target)) else ""
        more += " --path-as-is" if re.search(r"/\.\.?(?:[/?]|$)", target) else ""
        url = target if target.startswith(("{", "http")) else self._values.base_url + target
        yield f"curl -sS{how}{more} {self._quoted(url)}"
        headers = dict(step.get("headers", {}))
        if self._values.world and not self._variables:
            headers["Emulator-World"] = self._values.world
        if "json" in step:
            headers.setdefault("Content-Type", "application/json")
        yield from (f"-H {self._quoted(f'{name}: {value}' if value else f'{name};')}" for name, value in headers.items())
        if has_body and "content-type" not in map(str.lower, headers):
            yield "-H 'Content-Type:'"
        if has_body:
            yield f"--data-raw {self._quoted(_body(step))}"

    def _quoted(self, text: str) -> str:
        """Return a text as a word of the shell, in which variables stand for names."""
        parts = PLACEHOLDER.split(text)  # a name between two texts, each time
        if self._variables.keys().isdisjoint(parts[1::2]):
            return _word(text)
        pieces = [(self._variables.get(part) if place % 2 else None, part, place % 2) for place, part in enumerate(parts)]
        shown = [(variable, f"{{{part}}}" if is_name else part) for variable, part, is_name in pieces]
        if not any(_ACTIVE.search(text) or _is_obeyed(text) for variable, text in shown if not variable):
            return f'"{"".join(f"${{{variable}}}" if variable else text for variable, text in shown)}"'
        return "".join(f'"${variable}"' if variable else _word(text) for variable, text in shown if text)


def _word(text: str) -> str:
    """Return a text as a word of bash or zsh, in which what a terminal would obey that it is pasted into is an escape."""
    if not _is_obeyed(text):
        return quote(text)
    pieces = (it if it == "\n" or escaped(it) == it else "".join(f"\\x{byte:02x}" for byte in it.encode()) for it in text)
    return "$'" + "".join(f"\\{it}" if it in ("'", "\\") else it for it in pieces) + "'"


def _is_obeyed(text: str) -> bool:
    """Tell whether a terminal would obey a part of a text that is pasted into it, but for the ends of its lines."""
    lines = text.replace("\n", "")
    return escaped(lines) != lines


def _body(step: JsonObject) -> str:
    body: str = dump(step["json"]).decode() if "json" in step else step["body"]
    if "\0" in body:
        raise Conflict("its body has a character that no command can have: NUL")
    return body
