"""Values behind the name of a secret in a text: in JSON, forms, URLs, headers, and whatever looks like them."""

from __future__ import annotations

import re

from emulator.text.parameters import OF_PARAMETER, form_or_url
from emulator.text.secrets import LONG, is_secret, redact

_WORD = r"\w\\%.$@~!*\[\]+\-"
_SPACE = r"[ \t\r\n]*+"
_COMMENT = rf"(?:/\*(?:[^*]|\*(?!/)){{0,100}}+\*/|//[^\r\n]{{0,100}}+[\r\n]){_SPACE}"
_NAME = re.compile(
    rf"(?<![{_WORD}])([{_WORD}]++)(?=((?:[^{_WORD}=:,\"'\r\n]{{0,20}}+\\*+[\"'])?+){_SPACE}(?:{_COMMENT}){{0,3}}+"
    rf"(?:(=)>?[ \t]*+|([:,]){_SPACE}(?:(?:{_COMMENT}){{1,3}}+(?=\\*+[\"']))?+)(\\*+[\"'])?())"
)
"""A name; behind it the quote that closes it, `=`, `:` or `,`, and the quote that opens its value, however often escaped.

What stands behind is looked at and not consumed, for names can be in it. All of it is bounded but for spaces, of which a run
stands behind one name only: the time grows with the length of the text.
"""

_CLOSING = re.compile(r"(?<!\\)(\\*+)([\"'])(?![\w%]|\2)")
"""A quote that ends a value, and the backslashes before it; what goes on behind a quote has not ended."""

_OF_LINE = re.compile(r"[^\r\n]*+")
_OF_WORD = re.compile(r"(?:[^&\s\"']|[\"'](?=[\w%]))*+")
_OF_FLOW = re.compile(r"[^,}\r\n]*+")
_OF_JSON = re.compile(r"[^\s,}\]&\"]*+")
_CONSTANTS = frozenset({"", "true", "false", "null", "KEY"})

_NAME_BESIDE = re.compile(r'"(?:[Nn]ame|[Kk]ey)\\*+"\s*+:\s*+\\*+"((?:[^"\\]|\\++[^"\\]){1,100}+)')
"""A name beside which a `"value"` stands."""


def redact_named(text: str) -> str:
    """Return a text in which every value behind the name of a secret is covered.

    So is every `"value"`, if a `"name"` or a `"key"` in the text is that of a secret, in whatever order they stand.
    """
    beside = any(is_secret(it[1]) for it in _NAME_BESIDE.finditer(text))
    whole = form_or_url(text)
    brace = text.find("{") if "{" in text else len(text)
    pieces: list[str] = []
    done = 0
    for match in _NAME.finditer(text):
        if match.start() >= done and _names_secret(text, match, beside, brace):
            start = match.end(6)
            end = _end_of_value(text, start, match, whole, brace)
            value = text[start:end]
            pieces += text[done:start], value if value in _CONSTANTS and not match[5] else redact(value)
            done = end
    return "".join([*pieces, text[done:]]) if pieces else text


def _names_secret(text: str, match: re.Match[str], beside: bool, brace: int) -> bool:
    """Tell whether a match names a secret, or is a `"value"` where one is named beside it.

    A colon does so in JSON, before a quote, right before its value, and behind the first word of a line, of a quotation
    or of an item within braces; a comma behind the first text of a list.
    """
    start, quote, separator = match.start(), match[2][-1:], match[4]
    opening = text.rfind(quote, max(0, start - LONG), start) if quote else -1
    if separator == "," and (opening < 0 or text[max(0, opening - LONG) : opening].rstrip(" \t\r\n\\")[-1:] != "["):
        return False
    if separator == ":" and not (quote or match[5] or _end_of_bare(text, match, brace)):
        return False
    name = text[opening + 1 : match.end(1)] if opening >= 0 else match[1]
    return is_secret(name) or (beside and separator == ":" and name.rstrip("\\") in ("value", "Value"))


def _end_of_bare(text: str, match: re.Match[str], brace: int) -> str | re.Pattern[str] | None:
    """Return the quote, or the pattern up to which the value goes behind a name without quotes and a colon; None for prose."""
    place = match.start()
    if place and (quote := text[place - 1]) in "'\"":
        return quote
    while place and text[place - 1] in " \t":
        place -= 1
    if not place or text[place - 1] in "\r\n":
        return _OF_LINE
    if place > brace and text[place - 1] in "{,":
        return _OF_FLOW
    return _OF_WORD if match.end(6) == match.end(4) else None


def _end_of_value(text: str, start: int, match: re.Match[str], whole: re.Pattern[str] | None, brace: int) -> int:
    """Return where a secret ends. With a list or an object ends all that follows, for its own end is not looked for."""
    quote = match[5]
    if match[3] and whole:
        return _end(whole, text, start)
    if quote:
        return _end_of_quoted(text, start, quote)
    if text[start : start + 1] in ("{", "["):
        return len(text)
    if match[3] or match[2]:
        return _end(OF_PARAMETER if match[3] else _OF_JSON, text, start)
    end = _end_of_bare(text, match, brace) or _OF_LINE
    return _end_of_quoted(text, start, end) if isinstance(end, str) else _end(end, text, start)


def _end(pattern: re.Pattern[str], text: str, start: int) -> int:
    found = pattern.match(text, start)
    return found.end() if found else start


def _end_of_quoted(text: str, start: int, opening: str) -> int:
    """Return where a quoted value ends: at a quote that is escaped no more often than the one that opens it."""
    for found in _CLOSING.finditer(text, start):
        if found[2] == opening[-1] and len(found[1]) < len(opening):
            return found.start()
    return len(text)
