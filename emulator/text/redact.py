"""Texts and values as they may be shown: no secret can be read in them that is called one or has the shape of one."""

from __future__ import annotations

import re
from functools import lru_cache
from itertools import count
from typing import Any
from urllib.parse import unquote_plus

from emulator.text.secrets import LONG, is_secret, may_name_secret, redact, redact_segments, redact_shapes, without_invisible

DEEPEST = 100
"""How deep a value is shown; what is nested deeper is left out."""

SHORTEST = 4
"""Characters of the shortest text with something to hide, `//a@`."""

ENCODINGS = 4
"""How many times over a text may be encoded and still be shown, if something in it is hidden."""

SCHEMES = frozenset(
    {
        *("basic", "bearer", "concealed", "digest", "dpop", "gnap", "hoba", "mutual", "negotiate", "oauth"),
        *("privatetoken", "scram-sha-1", "scram-sha-256", "vapid"),
    }
)
"""Schemes of authorization that are registered, which are shown (https://www.iana.org/assignments/http-authschemes/)."""

_RUN = r"\w\\%.$@~!*\[\]+-"
_NAME = re.compile(rf"(?<![{_RUN}])([{_RUN}]++)([\"']?[ \t\r\n]*+)(?:(=)[ \t]*+|:[ \t\r\n]*+)(\\*+[\"'])?")
"""A name, a quote that closes it, `=` or `:`, and the quote that opens its value, escaped as often as it may be."""

_QUOTE = re.compile(r"(?<!\\)(\\*+)([\"'])")
_UP_TO_LINE_END = re.compile(r"[^\r\n]*+")
_BEGINS_FORM = re.compile(r"\s*+[\w.$%~\[\]+-]++=")
_OF_LINE = re.compile(r"[^&\r\n]*+")
_OF_FORM = re.compile(r"[^&\s\"]*+")
_OF_JSON = re.compile(r"[^\s,}\]&\"]*+")
_CONSTANTS = frozenset({"", "true", "false", "null", "KEY"})

_USER = re.compile(r"(?<=//)[^\s/\"'<>\\]+(?=@)")
_CUT_USER = re.compile(r"(?<=//)[^\s/\"'<>\\@:\[]*+:(?![0-9]{0,5}\Z)[^\s/\"'<>\\@]*\Z")
"""What may be a user and a password at the end of a text that was cut short."""

_BARE_USER = re.compile(r"(?<![^\s\"'<>\\/])([^\s\"'<>\\/@:]*+:)(?<!mailto:)[^\s\"'<>\\/]+(?=@)")
"""A user and a password with no `//` before them, as `CONNECT` and Host have them."""

_CALLED = re.compile(r'"name"\s*+:\s*+"([^"\\]{1,100}+)')
_VALUE = re.compile(r'("value"\s*+:\s*+)(?:(")((?:[^"\\]|\\.)*+)|([\[{].*+|[^\s,}\]"]++))', re.DOTALL)
_ELEMENT = re.compile(r"(?<=<)([\w:.-]++)([^<>]*+>\s*+(?:<!\[CDATA\[)?+)([^<]++)")
_SCHEME = re.compile(r"(?i:(?<![a-z0-9])(basic|bearer)([\s+]++))([\w.~+/-]{6,}+=*+)")
_BOUNDARY = re.compile(r"^--\S{1,100}", re.MULTILINE)
_FIELD = re.compile(r"[;\s]name\*?[ \t]*+=[ \t]*+([^\r\n]*+)", re.IGNORECASE)
_TOKEN = re.compile(r"[^&\s\"]++")
_ESCAPE = re.compile(r"\\(?:u([0-9A-Fa-f]{4})|([\"'\\/]))")


def redact_body(value: Any, depth: int = 0) -> Any:
    """Return a JSON value in which no secret can be read."""
    if isinstance(value, str):
        return redact_text(value)
    if isinstance(value, dict):
        return _redact_object(value, depth + 1)
    if isinstance(value, list):
        return [redact_body(part, depth + 1) for part in value] if depth < DEEPEST else "…"
    return value


def redact_header(name: str, value: str) -> str:
    """Return the value of a header in which no secret can be read; the scheme of an authorization can."""
    if not is_secret(name):
        return redact_text(_without_user(value) if name.lower() == "host" else value)
    scheme, space, credential = value.partition(" ")
    return f"{scheme} {redact(credential)}" if space and scheme.lower() in SCHEMES else redact(value)


def _without_user(host: str) -> str:
    return f"…{host[host.rindex('@') :]}" if "@" in host else host


def redact_text(text: str) -> str:
    """Return a text in which no secret can be read: a URL, a query, a form, JSON that was cut short, or whatever it is.

    What has to be decoded for that is shown decoded; what is encoded too often is hidden whole.
    """
    shown = plain = _redact_tokens(text)
    if "\\" not in shown:
        return shown
    for _ in range(ENCODINGS):
        if (decoded := _ESCAPE.sub(_character, plain)) == plain:
            return shown
        plain = _redact_tokens(decoded)
        shown = shown if plain == decoded else plain
    return shown if _ESCAPE.search(plain) is None else "…"


def _redact_object(value: dict[str, Any], depth: int) -> Any:
    if depth > DEEPEST:
        return "…"
    hidden: dict[str, Any] = {}
    for name, part in value.items():
        redacted = (hide if hides(name, value) else redact_body)(part, depth)
        hidden[_free(redact_text(name), name, hidden)] = redacted
    return hidden


def hides(name: str, *objects: dict[str, Any]) -> bool:
    """Tell whether what an object has under a name is a secret; `{"name": "X-Api-Key", "value": "..."}` has one as well."""
    return is_secret(name) or (
        name == "value" and any(isinstance(it := its.get("name"), str) and is_secret(it) for its in objects)
    )


def _free(shown: str, name: str, taken: dict[str, Any]) -> str:
    """Return a name under which nothing is shown yet."""
    if shown == name or shown not in taken:
        return shown
    return next(it for n in count(len(taken)) if (it := f"{shown}{n}") not in taken)


def hide(value: Any, depth: int = 0) -> Any:
    """Return a value that is called a secret: no text or number in it can be read."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, (dict, list)) and depth < DEEPEST:
        parts = value.items() if isinstance(value, dict) else enumerate(value)
        hidden = {name: hide(part, depth + 1) for name, part in parts}
        return hidden if isinstance(value, dict) else list(hidden.values())
    return redact(value) if isinstance(value, str) else "…"


def _redact_tokens(text: str) -> str:
    """Redact a text as it stands, and each part of it that is percent-encoded as it is meant."""
    shown = _scan(text)
    return _TOKEN.sub(_redact_token, shown) if "%" in shown else shown


def _redact_token(match: re.Match[str]) -> str:
    token = match[0]
    if "%" not in token or len(token) < SHORTEST:
        return token
    return _redact_encoded(token) if len(token) < LONG else _redact_encoded.__wrapped__(token)


@lru_cache(maxsize=1_000)
def _redact_encoded(token: str) -> str:
    """Return a part as it is where nothing in it has to be hidden; a parameter keeps its name."""
    name, equals, value = token.rpartition("=")
    if "=" in name or "%" in name:
        name, equals, value = "", "", token
    shown = plain = value
    for _ in range(ENCODINGS):
        decoded = _decoded(plain)
        if decoded == plain:
            return name + equals + shown
        plain = _scan(decoded)
        shown = shown if plain == decoded else plain
    return name + equals + (shown if _decoded(plain) == plain else "…")


def _decoded(text: str) -> str:
    """Return a text with one encoding less: percent-encoding first, then the escapes of JSON."""
    decoded = unquote_plus(text) if "%" in text or "+" in text else text
    return _ESCAPE.sub(_character, text) if decoded == text and "\\" in text else decoded


def _scan(text: str) -> str:
    """Redact a text in which nothing is encoded, in time that grows with its length.

    Where something has to be hidden in it once its invisible characters are left out, it is shown without them.
    """
    if len(text) < SHORTEST:
        return text
    shown = _scan_as_it_stands(text)
    seen = without_invisible(shown)
    if seen == shown:
        return shown
    again = _scan_as_it_stands(seen)
    return shown if again == seen else again


def _scan_as_it_stands(text: str) -> str:
    if "\n--" in text or text.startswith("--"):
        text = _redact_parts(text)
    if "//" in text:
        text = _CUT_USER.sub("…", _USER.sub("…", text))
    if "@" in text and ":" in text:
        text = _BARE_USER.sub(r"\1…", text)
    if "/" in text:
        text = redact_segments(text)
    if ("=" in text or ":" in text) and may_name_secret(text):
        text = _redact_named(_redact_named_values(text))
    if "<" in text:
        text = _ELEMENT.sub(_redact_element, text)
    if "asic" in text or "earer" in text or "ASIC" in text or "EARER" in text:
        text = _SCHEME.sub(_redact_scheme, text)
    return redact_shapes(text)


def _redact_named(text: str) -> str:
    """Cover every value that stands behind the name of a secret."""
    shown: list[str] = []
    done, is_form = 0, _BEGINS_FORM.match(text) is not None
    while (match := next((it for it in _NAME.finditer(text, done) if _names_secret(text, it)), None)) is not None:
        value, end = _value_at(text, match, is_form=is_form)
        shown += text[done : match.end()], value
        done = end
    return "".join([*shown, text[done:]]) if shown else text


def _names_secret(text: str, match: re.Match[str]) -> bool:
    """Tell whether a match names a secret. A colon does so in JSON, before a quote, and behind the first word of a line."""
    start, name, quote = match.start(), match[1], match[2][:1].strip()
    if not (match[3] or quote or match[4] or _begins_line(text, start)):
        return False
    if quote and start and text[start - 1] != quote and (opening := text.rfind(quote, max(0, start - LONG), start)) >= 0:
        name = text[opening + 1 : match.end(1)]
    return is_secret(name)


def _begins_line(text: str, place: int) -> bool:
    while place and text[place - 1] in " \t":
        place -= 1
    return not place or text[place - 1] in "\r\n"


def _value_at(text: str, match: re.Match[str], *, is_form: bool) -> tuple[str, int]:
    """Return the value of a secret, covered, and where it ends. A list or an object is hidden with all that follows it."""
    start, quote = match.end(), match[4]
    if match[3] and is_form:
        found = _OF_LINE.match(text, start)
        value = found[0] if found else ""
        return value if value in _CONSTANTS else redact(value), start + len(value)
    if quote:
        end = _end_of_quoted(text, start, quote)
        return redact(text[start:end]), end
    if text[start : start + 1] in ("{", "["):
        return "…", len(text)
    pattern = _OF_FORM if match[3] else _OF_JSON if match[2][:1].strip() else _UP_TO_LINE_END
    found = pattern.match(text, start)
    value = found[0] if found else ""
    return value if value in _CONSTANTS else redact(value), start + len(value)


def _end_of_quoted(text: str, start: int, opening: str) -> int:
    """Return where a quoted value ends: at a quote that is escaped no more often than the one that opens it."""
    for found in _QUOTE.finditer(text, start):
        if found[2] == opening[-1] and len(found[1]) < len(opening):
            return found.start()
    return len(text)


def _redact_parts(text: str) -> str:
    """Cover the fields of a form in parts (multipart/form-data) that are called secrets."""
    boundary = _BOUNDARY.search(text)
    if boundary is None:
        return text
    return boundary[0].join(map(_redact_part, text.split(boundary[0])))


def _redact_part(part: str) -> str:
    for blank in ("\r\n\r\n", "\n\n"):
        head, found, value = part.partition(blank)
        if found and (field := _FIELD.search(head)) and is_secret(field[1].partition(";")[0].rpartition("''")[2]):
            return f"{head}{blank}{redact(value.rstrip())}\r\n"
    return part


def _redact_named_values(text: str) -> str:
    """Cover each `"value"` of a text in which a `"name"` is that of a secret, in whatever order they stand."""
    if '"name"' not in text or not any(is_secret(it[1]) for it in _CALLED.finditer(text)):
        return text
    return _VALUE.sub(_redact_value, text)


def _redact_value(match: re.Match[str]) -> str:
    return f"{match[1]}{match[2]}{redact(match[3])}" if match[2] else f"{match[1]}…"


def _redact_element(match: re.Match[str]) -> str:
    """One element of XML."""
    return f"{match[1]}{match[2]}{redact(match[3]) if is_secret(match[1]) else match[3]}"


def _redact_scheme(match: re.Match[str]) -> str:
    """The credential behind `Basic` or `Bearer`, unless it is a word."""
    credential = match[3]
    rest = credential[1:]
    letters = credential.removesuffix("=").replace("_", "")  # a parameter of a challenge: realm="..."
    is_word = letters.isalpha() and (rest.islower() or credential.isupper())
    return match[0] if is_word else f"{match[1]}{match[2]}{redact(credential)}"


def _character(match: re.Match[str]) -> str:
    return chr(int(match[1], 16)) if match[1] else match[2]
