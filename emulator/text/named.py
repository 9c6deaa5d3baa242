"""Values behind the name of a secret in a text: in JSON, YAML, forms, URLs, headers, and whatever looks like them."""

from __future__ import annotations

import re

from emulator.text.checkpoint import checkpoint
from emulator.text.parameters import OF_PARAMETER, form_or_url
from emulator.text.pattern import pattern
from emulator.text.secrets import LONG_NAME, NAMING, VALUES, is_secret, redact

_WORD = r"\w\\%.$@~!*\[\]+\-"
_SPACE = r"[ \t\r\n]*+"
_COMMENT = rf"(?:/\*(?:[^*]|\*(?!/)){{0,100}}+\*/|//[^\r\n]{{0,100}}+[\r\n]){_SPACE}"
_NAME = pattern(
    rf"(?<![{_WORD}])([{_WORD}]++)(?=((?:[^{_WORD}=:,\"'\r\n]{{0,20}}+\\*+[\"'])?+){_SPACE}(?:{_COMMENT}){{0,3}}+"
    rf"(?:(=)>?[ \t]*+|([:,]){_SPACE}(?:(?:{_COMMENT}){{1,3}}+(?=\\*+[\"']))?+)(?:b(?=[\"']))?+(\\*+[\"'])?())"
)
"""A name; behind it the quote that closes it, `=`, `:` or `,`, and the quote that opens its value, however often escaped.

What stands behind is looked at and not consumed, for names can be in it. All of it is bounded but for spaces, of which a run
stands behind one name only: the time grows with the length of the text.
"""

_CLOSING = pattern(r"(?<!\\)(\\*+)([\"'])(?![\w%]|\2)")
"""A quote that ends a value, and the backslashes before it; what goes on behind a quote has not ended."""

_OF_LINE = pattern(r"[^\r\n]*+")
_NEXT_LINE = pattern(r"(?:\r\n?|\n)([ \t]*+)((?:-[ \t])?)([^\r\n]*+)")
_OF_ASSIGNMENT = pattern(r"[^&\r\n]*+")
_OF_WORD = pattern(r"(?:[^&\s\"']|[\"'](?=[\w%]))*+")
_OF_FLOW = pattern(r"[^,}\r\n]*+")
_OF_ITEM = pattern(r"[^,\]\r\n]*+")
_OF_JSON = pattern(r"[^\s,}\]&\"]*+")
_OPENINGS = ("[", "%5B", "%5b")
_CONSTANTS = frozenset({"", "true", "false", "null", "KEY"})

_NAME_BESIDE = pattern(
    rf"(?<![\w-])(?i:{'|'.join(NAMING)})(?:\\*+[\"'])?+[ \t]*+:\s*+"
    r"(?:\\*+[\"']((?:[^\"'\\]|\\++[^\"'\\]){1,100}+)|([^\"'\\\s,}]{1,100}+))"
)
"""A name beside which a value stands."""


def redact_named(text: str) -> str:
    """Return a text in which every value behind the name of a secret is covered.

    So is every `value`, if a `name` or a `key` in the text is that of a secret, in whatever order they stand.
    """
    beside = any(is_secret(it[1] or it[2]) for it in _NAME_BESIDE.finditer(text))
    whole = form_or_url(text)
    brace = text.find("{") if "{" in text else len(text)
    pieces: list[str] = []
    done = 0
    for match in _NAME.finditer(text):
        if match.start() < done:
            continue
        checkpoint()
        first = _first_of(text, match)
        if _names_secret(text, match, first, beside, brace):
            start = match.end(6)
            end = _end_of_value(text, start, match, first, whole, brace)
            value = text[start:end]
            pieces += text[done:start], value if value in _CONSTANTS and not match[5] else redact(value)
            done = end
    return "".join([*pieces, text[done:]]) if pieces else text


def _first_of(text: str, match: re.Match[str]) -> int:
    """Return where a name begins: at the quote before it, if a quote is behind it."""
    start = match.start()
    opening = text.rfind(match[2][-1], max(0, start - LONG_NAME), start) if match[2] else -1
    return start if opening < 0 else opening


def _names_secret(text: str, match: re.Match[str], first: int, beside: bool, brace: int) -> bool:
    """Tell whether a match names a secret, or is a `value` where one is named beside it.

    A colon does so in JSON, before a quote, right before its value, and behind the first word of a line, of a quotation
    or of an item within braces; a comma behind the first text of a list.
    """
    start, separator = match.start(), match[4]
    if separator == "," and not _begins_list(text, match, first):
        return False
    if separator == ":" and not (match[2] or match[5] or match.end(6) == match.end(4) or _place_of(text, start, brace)[0]):
        return False
    name = text[first + 1 : match.end(1)] if first < start else match[1]
    return is_secret(name) or (beside and separator == ":" and name.rstrip("\\").lower() in VALUES)


def _begins_list(text: str, match: re.Match[str], first: int) -> bool:
    """Tell whether a name is the first text of a list; a name without quotes has the bracket itself."""
    before = text[max(0, first - LONG_NAME) : first]
    if first == match.start():
        return match[1].startswith(_OPENINGS) or before.rstrip(" \t").endswith("[")
    return before.removesuffix("b").rstrip(" \t\r\n\\").endswith(("(", "%28", *_OPENINGS))


def _place_of(text: str, start: int, brace: int) -> tuple[str, int]:
    """Return what a name stands behind, and its column: a quote, a line break, braces, or nothing of these."""
    if start and text[start - 1] in "'\"":
        return text[start - 1], 0
    place = start
    while place and text[place - 1] in " \t-?":
        place -= 1
    if not place or text[place - 1] in "\r\n":
        return "\n", start - place
    return "{" if place > brace and text[place - 1] in "{," else "", 0


def _end_of_value(text: str, start: int, match: re.Match[str], first: int, whole: re.Pattern[str] | None, brace: int) -> int:
    """Return where a secret ends. With a list or an object ends all that follows, for its own end is not looked for."""
    if match[3] and whole:
        return _end(whole, text, start)
    if match[5]:
        return _end_of_quoted(text, start, match[5])
    if text[start : start + 1] in ("{", "["):
        return len(text)
    if match[4] == ",":
        return _end(_OF_ITEM, text, start)
    place, column = _place_of(text, first, brace)
    if place == "\n":
        return _end_of_block(text, start, column, _OF_ASSIGNMENT if match[3] else _OF_LINE)
    if match[3] or match[2]:
        return _end(OF_PARAMETER if match[3] else _OF_JSON, text, start)
    if place and place != "{":
        return _end_of_quoted(text, start, place)
    if place:
        return _end(_OF_FLOW, text, start)
    return _end(_OF_WORD if match.end(6) == match.end(4) else _OF_LINE, text, start)


def _end(value: re.Pattern[str], text: str, start: int) -> int:
    found = value.match(text, start)
    return found.end() if found else start


def _end_of_block(text: str, start: int, column: int, of_line: re.Pattern[str]) -> int:
    """Return where a value without quotes ends: with its line and those below it that are further to the right, as in YAML."""
    end = _end(of_line, text, start)
    for line in _NEXT_LINE.finditer(text, end):
        indent, item, rest = map(len, line.groups())
        if rest and indent <= column and not (item and indent == column):
            break
        end = line.end() if rest else end
    return end


def _end_of_quoted(text: str, start: int, opening: str) -> int:
    """Return where a quoted value ends: at a quote that is escaped no more often than the one that opens it."""
    if text.startswith(2 * opening, start):
        end = text.find(3 * opening, start + 2 * len(opening))
        return len(text) if end < 0 else end
    for found in _CLOSING.finditer(text, start):
        if found[2] == opening[-1] and len(found[1]) < len(opening):
            return found.start()
    return len(text)
