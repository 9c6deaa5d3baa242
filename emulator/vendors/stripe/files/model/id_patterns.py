r"""Regular expressions over the ids of rows, matched in linear time: each becomes a table of states of bounded size.

The syntax is the part of Python's `re` that needs no backtracking, with the meaning of `re.search`: literals, `.`, classes,
`\d \w \s`, groups, `|`, `* + ? {m,n}`, and `^ $ \A \Z`. What is left out is refused, with a hint how to write it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache, partial
from string import ascii_letters, digits

from emulator.vendors.stripe.files.model.id_automaton import (
    ALPHABET,
    END,
    START,
    Automaton,
    Build,
    IdPattern,
    NotAPattern,
    choose,
    join,
    repeat,
    table_of,
    take,
)

LONGEST = 500
"""The characters of a pattern."""

DEEPEST = 30
"""Groups within groups."""

_COUNT = re.compile(r"(?=[^}]*[0-9])(?P<least>[0-9]{0,4})(?P<comma>,?)(?P<most>(?<=,)[0-9]{0,4}|)\}")
"""The rest of a count after its {; it has a number."""

_REPEATS = {"*": (0, None), "+": (1, None), "?": (0, 1)}
_KINDS = {"d": digits, "w": ascii_letters + digits + "_", "s": ""}
_EXTENSIONS = {
    "?P=": "a reference back to a group is not supported: list the ids",
    "?=": "a look-ahead is not supported: write two rules, or list the ids",
    "?!": "a look-ahead is not supported: write two rules, or list the ids",
    "?<=": "a look-behind is not supported: write two rules, or list the ids",
    "?<!": "a look-behind is not supported: write two rules, or list the ids",
    "?>": "an atomic group is not supported: write (?:...)",
    "?": "flags are not supported: write [Aa] for a letter in both cases",
}


class _Parser:
    """A parser of one pattern, from its first character to its last."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._depth = 0

    def whole(self) -> Build:
        """Parse the whole pattern."""
        built = self._choice()
        if self._at < len(self._text):
            raise self._error("a ) closes nothing: write \\) for the character itself")
        return built

    def _choice(self) -> Build:
        branches = [self._branch()]
        while self._skip("|"):
            branches.append(self._branch())
        return branches[0] if len(branches) == 1 else partial(choose, branches)

    def _branch(self) -> Build:
        parts: list[Build] = []
        while self._peek() not in ("", "|", ")"):
            parts.append(self._repeated())
        return partial(join, parts)

    def _repeated(self) -> Build:
        start = self._at
        part, anchor = self._atom()
        counted = self._at
        least, most = self._count()
        if self._at == counted:
            return part
        if anchor:
            raise self._error("an anchor cannot be repeated", start)
        self._skip("?")  # as few as possible match the same ids
        if self._peek() in ("*", "+", "?", "{"):
            raise self._error("a repetition cannot be repeated: put what is repeated into ( )")
        return partial(repeat, part, least, most)

    def _count(self) -> tuple[int, int | None]:
        if (sign := self._peek()) in _REPEATS:
            self._at += 1
            return _REPEATS[sign]
        return self._counted() if self._skip("{") else (1, 1)

    def _counted(self) -> tuple[int, int | None]:
        """Read the rest of `{m}`, `{m,}`, `{,n}` or `{m,n}`."""
        start = self._at - 1
        if not (match := _COUNT.match(self._text, self._at)):
            raise self._error("a { begins a count such as {2} or {1,3}, of at most 4 digits: an id has no { itself", start)
        self._at = match.end()
        low = int(match["least"] or 0)
        high = int(match["most"]) if match["most"] else None if match["comma"] else low
        if high is not None and high < low:
            raise self._error(f"the count {{{match[0]} ends before it begins", start)
        return low, high

    def _atom(self) -> tuple[Build, bool]:
        """Parse one part, and return whether it is an anchor."""
        character = self._next()
        if character == "(":
            return self._group(), False
        if character in _REPEATS or character == "{":
            raise self._error(f"there is nothing before {character} to repeat", self._at - 1)
        if character in "^$":
            return partial(take, frozenset((START if character == "^" else END,))), True
        if character == "\\" and self._peek() in ("A", "Z"):
            return partial(take, frozenset((START if self._next() == "A" else END,))), True
        return partial(take, frozenset(self._characters(character))), False

    def _characters(self, character: str) -> Iterable[str]:
        if character == "[":
            return self._class()
        if character == ".":
            return ALPHABET
        return self._escape() if character == "\\" else character

    def _group(self) -> Build:
        opened = self._at - 1
        self._depth += 1
        if self._depth > DEEPEST:
            raise self._error(f"groups are nested more than {DEEPEST} deep", opened)
        if self._text.startswith("?P<", self._at):
            self._at = self._text.find(">", self._at) + 1 or len(self._text)
        elif not self._skip("?:") and (
            sign := next((sign for sign in _EXTENSIONS if self._text.startswith(sign, self._at)), "")
        ):
            raise self._error(_EXTENSIONS[sign], opened)
        inner = self._choice()
        if not self._skip(")"):
            raise self._error("this ( is never closed: write \\( for the character itself", opened)
        self._depth -= 1
        return inner

    def _class(self) -> Iterable[str]:
        opened, outside = self._at - 1, self._skip("^")
        if self._peek() == ":":
            raise self._error("a class such as [:digit:] is not supported: write [0-9]", opened)
        found: set[str] = set()
        first = True
        while first or self._peek() != "]":
            if self._text.startswith("[:", self._at):
                raise self._error("a class such as [:digit:] is not supported: write 0-9")
            found.update(self._member(opened))
            first = False
        self._at += 1
        return set(ALPHABET) - found if outside else found

    def _member(self, opened: int) -> Iterable[str]:
        """Read a character of a class, or a range of them."""
        if self._peek() == "":
            raise self._error("this [ is never closed: write \\[ for the character itself", opened)
        start = self._at
        low = self._one()
        if self._peek() != "-" or self._text[self._at + 1 : self._at + 2] in ("", "]"):
            return low
        self._at += 1
        high = self._one()
        if not (isinstance(low, str) and isinstance(high, str)) or low > high:
            raise self._error(f"{self._text[start : self._at]!r} is no range of characters", start)
        return (character for character in ALPHABET if low <= character <= high)

    def _one(self) -> str | frozenset[str]:
        """Return a single character, or the characters of a kind such as `\\d`."""
        character = self._next()
        if character != "\\":
            return character
        kind = self._peek()
        read = self._escape()
        return frozenset(read) if kind.isalpha() else read

    def _escape(self) -> str:
        start = self._at - 1
        character = self._next()
        if character.lower() in _KINDS:
            kind = _KINDS[character.lower()]
            return kind if character.islower() else "".join(set(ALPHABET) - set(kind))
        if character.isdecimal():
            raise self._error("a reference back to a group is not supported: list the ids", start)
        if character in ("b", "B"):
            raise self._error(f"\\{character} is not supported: write ^, $ or the character that stands there", start)
        if not character or character.isalnum():
            raise self._error(f"\\{character} is not supported: an id has letters, digits, - and _ only", start)
        return character

    def _peek(self) -> str:
        return self._text[self._at : self._at + 1]

    def _next(self) -> str:
        self._at += 1
        return self._text[self._at - 1 : self._at]

    def _skip(self, word: str) -> bool:
        found = self._text.startswith(word, self._at)
        self._at += len(word) * found
        return found

    def _error(self, message: str, at: int | None = None) -> NotAPattern:
        return NotAPattern(f"{message} (at character {(self._at if at is None else at) + 1} of the pattern)")


@lru_cache(maxsize=200)
def compile_pattern(text: str) -> IdPattern:
    """Return the table of a pattern.

    Raises:
        NotAPattern: it is none, needs what is not supported, is too large, or can match no id at all.
    """
    if len(text) > LONGEST:
        raise NotAPattern(f"a pattern has at most {LONGEST} characters: list the ids")
    automaton = Automaton()
    return table_of(automaton, _Parser(text).whole()(automaton))
