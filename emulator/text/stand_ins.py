"""Stand-ins: texts in the places of secrets, one for each, that look like secrets of the same kind and are none."""

from __future__ import annotations

import json
import re
from base64 import b64decode, b64encode, urlsafe_b64decode, urlsafe_b64encode
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import count
from typing import NamedTuple
from urllib.parse import quote, quote_plus, unquote

from emulator.text.checkpoint import checkpoint
from emulator.text.occurrences import Occurrences
from emulator.text.pattern import pattern
from emulator.text.secrets import is_secret

SURE = 8
"""Bytes of the shortest secret that is looked for where nothing says that there is one."""

OLD = 26**4
"""Numbers below this are those of stand-ins: of what was made here once, the first letters are all the same."""

LETTERS, CAPITALS, DIGITS = "xyzabcdefghijklmnopqrstuvw", "XYZABCDEFGHIJKLMNOPQRSTUVW", "0123456789abcdef"

_KIND = pattern(
    r"(?:[a-z]{2}_(?:org_)?(?:live|test)_|whsec_|A[KS]IA|gh[opsru]_|github_pat_|glpat-|xox[a-z](?:\.xox[bp])?-|xapp-|AIza)(?=.)"
)
"""The beginning of a key that tells of which kind it is."""

_HEXADECIMAL = pattern(r"[0-9A-F]{32}")
_GUID = pattern(r"[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}")
_FILLING = pattern(r"={1,2}\Z")
_ORDINARY = pattern(r"[a-z_. -]*|[A-Z_. -]*|[0-9TZ:.+ -]*")
"""Words in one case, numbers and instants: what is told everywhere, and is a secret only where it is called one."""

_BEFORE = pattern(r"(?:[|>][-+0-9]*\s*\n)?[\s\"']*")
"""What stands before a secret within quotes, or as a block of YAML."""
_BEHIND = "\"'" + "".join(filter(str.isspace, map(chr, range(0x3001))))
"""Letters that stand behind it: quotes and spaces."""
_NAME = pattern(r"[A-Za-z_-]{1,40}", re.ASCII)
_SCHEME = pattern(r"(?i:(basic|bearer|digest|negotiate|token)([\s+]+))(?=.)(.*)", re.DOTALL)
_WEB_TOKEN = pattern(r"[\w-]+(?:\.[\w-]*){1,4}", re.ASCII)
_PRIVATE_KEY = pattern(r"(-----BEGIN [^-]*-----)(.*?)((?:-----END [^-]*-----)?)", re.DOTALL)
_LINE = pattern(r"[^\s]+")
_ENCODED = pattern(r"(?<![A-Za-z0-9+/_-])[A-Za-z0-9+/_-]{11,}+={0,2}")
"""What may be Base64 of something with a secret in it."""

Change = Callable[[str], str]


class Form(NamedTuple):
    """The form of a secret: how it begins and ends, and so many letters of an alphabet between, of which nothing is kept."""

    begins: str
    alphabet: str
    letters: int
    ends: str = ""

    @classmethod
    def of(cls, secret: str) -> Form:
        """Return the form of a secret. A stand-in has as many bytes."""
        size = len(secret.encode("utf-8", "replace"))
        if _HEXADECIMAL.fullmatch(secret):
            return cls("F0F0F0F0", DIGITS.upper(), 24)
        if _GUID.fullmatch(secret):
            return cls("00000000-0000-0000-0000-", DIGITS, 12)
        kind, filling = _KIND.match(secret), _FILLING.search(secret)
        begins, ends = kind[0] if kind else "", filling[0] if kind and filling else ""
        alphabet = CAPITALS if begins in ("AKIA", "ASIA") else LETTERS
        return cls(begins, alphabet, max(1, size - len(begins) - len(ends)), ends)

    def make(self, number: int) -> str:
        """Return the stand-in of a number from 1 on."""
        letters = ""
        while number:
            number, place = divmod(number, len(self.alphabet))
            letters = self.alphabet[place] + letters
        return self.begins + letters.rjust(self.letters, self.alphabet[0]) + self.ends

    def number(self, secret: str, others: int) -> int | None:
        """Return the number of a stand-in that was made here before, one of so many; None for anything else.

        A short one is made past what is taken by then, so that its number can be larger than that.
        """
        letters = secret[len(self.begins) : len(secret) - len(self.ends)]
        number = 0
        for letter in letters:
            place = self.alphabet.find(letter)
            if place < 0:
                return None
            number = number * len(self.alphabet) + place
        is_old = number <= 2 * others or (number < OLD and self.letters >= SURE)
        return number if is_old and self.make(number) == secret else None


class StandIns:
    """The secrets of one text or of many, and what stands in the place of each: first all are noted, then `settle` decides.

    Each has a number among those of its form, in the order in which they came. What was a stand-in before stays what it is.
    `fixed` are those that are known from the beginning.
    """

    def __init__(self, fixed: Mapping[str, str]) -> None:
        self._by_secret = dict(fixed)
        self._said = {*fixed.values()}
        self._noted: dict[str, None] = dict.fromkeys(fixed)
        self._taken: dict[Form, set[int]] = {}
        self._found = Occurrences({})

    def note(self, secret: str) -> str:
        """Note a secret, and return it."""
        self._noted[secret] = None
        return secret

    def settle(self) -> None:
        """Give each secret its stand-in."""
        forms = {it: Form.of(it) for it in self._noted if it not in self._by_secret and not self._is_plus(it)}
        counts = Counter(forms.values())
        for secret, form in forms.items():
            number = form.number(secret, counts[form])
            if number is not None:
                self._taken.setdefault(form, set()).add(number)
                self._take(secret, secret)
        for secret in forms:
            self.of(secret)
        self._found = Occurrences({it: new for secret, new in self._by_secret.items() for it in _spellings(secret)})

    def _is_plus(self, secret: str) -> bool:
        """Tell whether a secret is another one, as forms spell it."""
        return "+" in secret and secret.replace("+", " ") in self._noted

    def of(self, secret: str) -> str:
        """Return what stands in the place of a secret; of one that stands there already, itself."""
        if secret in self._said:
            return secret
        known = self._by_secret.get(secret) or self._by_secret.get(secret.replace("+", " "))
        if known is not None:
            return known
        form = Form.of(secret)
        taken = self._taken.setdefault(form, set())
        number = next(it for it in count(len(taken) + 1) if it not in taken and form.make(it) not in self._noted)
        taken.add(number)
        return self._take(secret, form.make(number))

    def _take(self, secret: str, stand_in: str) -> str:
        self._by_secret[secret] = stand_in
        self._said.add(stand_in)
        return stand_in

    def put_into(self, text: str, depth: int = 2) -> str:
        """Return a text with each secret replaced that surely is one, plain, as URLs or JSON spell it, or in Base64."""
        text = self._found.replaced(text)
        return _ENCODED.sub(lambda found: self._in_base64(found[0], depth), text) if depth and len(text) > SURE else text

    def _in_base64(self, token: str, depth: int) -> str:
        """Return Base64, of either alphabet, with the secrets in what it stands for replaced."""
        checkpoint()
        bare = token.rstrip("=")
        if len(bare) % 4 == 1:
            return token
        is_of_urls = "-" in bare or "_" in bare
        decoded = (urlsafe_b64decode if is_of_urls else b64decode)(bare + "=" * (-len(bare) % 4)).decode("latin-1")
        changed = self.put_into(decoded, depth - 1)
        if changed == decoded:
            return token
        encoded = (urlsafe_b64encode if is_of_urls else b64encode)(changed.encode("latin-1", "replace")).decode()
        return encoded if token.endswith("=") else encoded.rstrip("=")


def of_parts(secret: str, each: Change, within: Change) -> str:
    """Return a text that is called a secret with `each` done to the secrets in it, and `within` to other texts.

    What is itself the name of one is none: beside it stands what it names. Quotes, the scheme of an authorization, and the
    lines that begin and end a private key are no part of one; a user and a password are two, plain or in Base64, and so are
    the parts of a JSON Web Token that nobody can read.
    """
    begin = _BEFORE.match(secret).end()  # type: ignore[union-attr]  # it fits any text
    bare = secret[begin:].rstrip(_BEHIND)
    before, behind = secret[:begin], secret[begin + len(bare) :]
    if not bare or (is_secret(bare) and _NAME.fullmatch(bare)):
        return secret
    return before + _of_bare(bare, each, within) + behind


def _of_bare(secret: str, each: Change, within: Change) -> str:
    if found := _SCHEME.fullmatch(secret):
        return found[1] + found[2] + of_parts(found[3], each, within)
    if "%" in secret and (decoded := unquote(secret)) != secret and "\ufffd" not in decoded:
        changed = of_parts(decoded, each, within)
        return secret if changed == decoded else quote(changed, "")
    if found := _PRIVATE_KEY.fullmatch(secret):
        return found[1] + _LINE.sub(lambda line: each(line[0]), found[2]) + found[3]
    if secret.startswith("eyJ") and _WEB_TOKEN.fullmatch(secret):
        return ".".join(_of_segment(it, each, within) for it in secret.split("."))
    if users := _users_in(secret):
        changed = ":".join(each(it) if it else it for it in users.split(":"))
        return secret if changed == users else b64encode(changed.encode()).decode()
    return each(secret)


def _of_segment(segment: str, each: Change, within: Change) -> str:
    """Return a part of a JSON Web Token; where it is JSON, with the secrets in that replaced, and else itself as one."""
    try:
        text = urlsafe_b64decode(segment + "=" * (-len(segment) % 4)).decode()
        if not isinstance(json.loads(text), dict):
            raise ValueError
    except (ValueError, RecursionError):
        return each(segment) if segment else segment
    changed = within(text)
    return segment if changed == text else urlsafe_b64encode(changed.encode()).decode().rstrip("=")


def _users_in(secret: str) -> str:
    """Return the user and the password of basic authentication; nothing where these are none."""
    try:
        text = b64decode(secret, validate=True).decode()
    except ValueError:
        return ""
    return text if ":" in text and text.isprintable() else ""


def _spellings(secret: str) -> Iterable[str]:
    """Return how a secret may be spelt where nothing tells of it; none of one that could be anything else."""
    if len(secret.encode("utf-8", "replace")) < SURE or _ORDINARY.fullmatch(secret):
        return ()
    return dict.fromkeys(_all_spellings(secret))


def _all_spellings(secret: str) -> Iterator[str]:
    for text in (secret, json.dumps(secret)[1:-1], json.dumps(secret, ensure_ascii=False)[1:-1]):
        yield text
        yield text.replace("/", "\\/")
    for encoded in (quote(secret, "", errors="replace"), quote_plus(secret, "", errors="replace")):
        yield encoded
        yield re.sub("%..", lambda found: found[0].lower(), encoded)
        yield quote(encoded, "")
