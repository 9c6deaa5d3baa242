"""The names and the shapes of secrets. SECURITY.md publishes both lists, and a test holds the two together."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache
from itertools import pairwise
from threading import local
from typing import NamedTuple

from emulator.text.checkpoint import checkpoint
from emulator.text.pattern import pattern
from emulator.text.percent import form_decoded

ENDINGS = (
    "authorization", "cookie", "credential", "passcode", "passphrase", "passwd", "password", "secret", "sessid",
    "sessionid", "signature", "token",
)  # fmt: skip
"""A name is that of a secret if one of its words ends so, also in the plural (but for `tokens` alone, a count)."""

WORDS = ("connection_string", "csrf", "hmac", "jwt", "otp", "pwd", "session_id", "sig", "xsrf")
"""A name is that of a secret if it has one of these words."""

LAST_WORDS = ("auth", "bearer", "pass", "pin")
"""A name is that of a secret if this is its last word."""

KEYS = (
    "access", "account", "admin", "api", "app", "application", "auth", "client", "consumer", "deploy", "developer",
    "encryption", "function", "functions", "host", "integration", "license", "master", "merchant", "private", "root",
    "secret", "service", "session", "shared", "signing", "ssh", "storage", "subscription", "webhook",
)  # fmt: skip
"""A name is that of a secret if `key` or `keys` follows one of these, or is the whole name."""

ABOUT = (
    "algorithm", "count", "endpoint", "length", "limit", "method", "name", "policy", "status", "type", "uri", "url",
    "version",
)  # fmt: skip
"""A name with such a last word is about a secret and names none; so does a time of expiry, and the token of a page."""

NAMING = ("name", "key", "field", "header", "parameter", "variable", "k")
"""Fields that hold a name: beside one that holds the name of a secret, the value is the secret."""

VALUES = ("value", "val", "v")
"""Names of what stands beside the name of a secret."""


class Shape(NamedTuple):
    """A form of secrets: in words, texts of which it has one (none where nothing is known), and its pattern."""

    says: str
    marks: tuple[str, ...]
    pattern: re.Pattern[str]


_BEGIN_KEY = "-----BEGIN [A-Z ]{0,30}PRIVATE KEY(?: BLOCK)?-----"
PRIVATE_KEY = pattern(_BEGIN_KEY)
"""The first line of a private key."""

_HEXADECIMAL = "0123456789ABCDEF"
SHAPES = (
    Shape(
        "`sk_live_…`, `rk_live_…`, `ek_live_…`, `sk_org_live_…`, and the same with `test`",
        ("k_live_", "k_test_", "k_org_"),
        pattern(r"(?<![A-Za-z0-9])[ers]k_(?:org_)?(?:live|test)_\w{3,}+"),
    ),
    Shape("`whsec_…`", ("whsec_",), pattern(r"whsec_[\w+/=-]{3,}+")),
    Shape(
        "32 upper-case hexadecimal digits, not of one kind only (a key of SerpWow)",
        (),
        pattern(rf"[{_HEXADECIMAL}]{{32}}(?<![\w-].{{32}})(?<!\d{{32}})(?<![A-F]{{32}})(?![\w-])"),
    ),
    Shape(
        "`eyJ….…` (a JSON Web Token, such as those of 6DOT50 PAY)",
        ("eyJ",),
        pattern(r"(?<![\w-])eyJ[\w-]++(?:\.[\w-]*+){1,4}"),
    ),
    Shape("`AKIA…`, `ASIA…`", ("AKIA", "ASIA"), pattern(r"(?<![A-Za-z0-9])A[KS]IA[A-Z0-9]{12,}+")),
    Shape(
        "`ghp_…`, `gho_…`, `ghs_…`, `ghu_…`, `ghr_…`, `github_pat_…`, `glpat-…`",
        ("gh", "github_pat_", "glpat-"),
        pattern(r"(?<![A-Za-z0-9])(?:gh[opsru]_|github_pat_|glpat-)[\w-]{16,}+"),
    ),
    Shape(
        "`xoxb-…`, `xapp-…` and their like",
        ("xox", "xapp-"),
        pattern(r"(?<![A-Za-z0-9])(?:xox[abceoprs]-|xapp-|xoxe\.xox[bp]-)[\w-]{10,}+"),
    ),
    Shape("`AIza…`", ("AIza",), pattern(r"(?<![A-Za-z0-9])AIza[\w-]{30,}+")),
    Shape(
        "a private key in PEM or of PGP",
        ("PRIVATE KEY",),
        pattern(rf"{_BEGIN_KEY}(?s:.*?)(?:-----END [A-Z ]{{0,30}}-----|\Z)"),
    ),
)
"""Each text that is a secret wherever it stands."""

LIVE = pattern(r"(?<![A-Za-z0-9])[rs]k_(?:org_)?live_")
"""The beginning of a live key, which is refused."""

SHOWN = 4
"""Characters of a secret that are shown, so that two can be told apart."""

LONG_NAME = 100
"""Names beyond this are not remembered, for nobody uses them twice."""

COUNTED = ("max", "min", "num", "total", "used", "prompt", "completion", "input", "output", "remaining")
"""Words before `tokens` that are about a count of them."""

_SECRET = pattern(
    rf"^_key_$|(?:{'|'.join(ENDINGS)}|(?:{'|'.join(it for it in ENDINGS if it != 'token')})s)_|(?<!^)(?<!^_)tokens_"
    rf"|_pass_(?:code|phrase|wd|word)s?_|_(?:{'|'.join(WORDS).replace('_', '_?')})_|_(?:{'|'.join(LAST_WORDS)})_$"
    rf"|(?:{'|'.join(KEYS)})_?keys?_"
)
_ABOUT = pattern(
    rf"_(?:{'|'.join(ABOUT)}|expir[a-z]*+(?:_(?:at|date|in|ms|on|seconds|time|timestamp))?|(?:{'|'.join(COUNTED)})_tokens"
    r"|(?:next|page)_(?:(?:continuation|page)_)?token)_$"
)
_NUMBERED = pattern(r"(?<=[A-Za-z])_?[0-9]{1,4}(?=_)")
"""A number behind a word, as in `token1` and `api_key_2`."""

_CASE_CHANGE = pattern(r"(?<=[a-z0-9])(?=[A-Z])")
_SEPARATORS = pattern(r"[^A-Za-z0-9]+")
_MARKED = [(mark, shape.pattern) for shape in SHAPES for mark in shape.marks or ("",)]
_FIRST = {"key", *(word.partition("_")[0] for word in (*ENDINGS, *WORDS, *LAST_WORDS))}
_STEMS = sorted(stem for stem in _FIRST if not any(other in stem for other in _FIRST - {stem}))
"""A part of each name of a secret: where none is in a text, it names none."""

_INVISIBLE = pattern(
    "[\\0-\\x08\\x0e-\\x1f\\x7f-\\x9f\\xad\\u034f\\u061c\\u115f\\u1160\\u17b4\\u17b5\\u180b-\\u180f\\u200b-\\u200f\\u202a-\\u202e\\u2060-\\u206f"
    "\\u3164\\ufe00-\\ufe0f\\ufeff\\uffa0\\ufff0-\\ufff8\\U0001bca0-\\U0001bca3\\U0001d173-\\U0001d17a\\U000e0000-\\U000e0fff]+"
)
"""Control characters that are no space, and the code points that Unicode lets a display ignore."""

_TO_ASCII = {wide: wide - 0xFEE0 for wide in range(0xFF01, 0xFF5F)} | dict.fromkeys([*range(0x2010, 0x2016), 0x2212], "-")
"""Characters of full width and dashes, which look like those of ASCII."""

_OUTSIDE = r"/\s\"'<>?#\\`=:,;&("
_PATH = pattern(rf"(?<![^{_OUTSIDE}])[^{_OUTSIDE}]*+(?:/(?:[^/\s\"'<>?#\\]|[\"'\\<>](?=[\w%]))*+)++")
"""Segments one behind the other, from the root or not. A quote, backslash or bracket is part where a letter follows."""

SHORTEST_PATH = len("otp/x")
"""Characters of the shortest path with something to hide."""

_LINK = pattern(r"(?<=/_files/)([^/\s]++/[^/\s]++/(?:up|down)load/)([^/\s\"'<>?#\\]++)")
"""A link to a file that carries its own permission: vendor, world, purpose, and the token that permits it."""

_INDEX = pattern(r"[0-9]{1,2}")
"""A place in a list, which a JSON pointer has behind the name of a list."""

_FILE = pattern(r"[a-z_]{1,40}\.(?:c|cfg|css|go|h|html|ini|java|js|md|py|pyi|rb|rs|sh|toml|ts|txt|yaml|yml)")
"""A file of words, such as those of programs, in a folder that is called as secrets are."""

_BRACKETS = pattern(r"[\[\]]+")
_ESCAPES = pattern(r"(?<!\\)(?:\\++u[0-9A-Fa-f]{4})++")
_ESCAPED_SPACE = pattern(r"(?<!\\)\\++[nrt]")


def is_secret(name: str) -> bool:
    """Tell whether this is the name of a secret, however it is spelt: `api_key`, `s3SecretAccessKey`, `api%5Fkey`."""
    return _is_secret(name) if len(name) <= LONG_NAME else _is_secret.__wrapped__(name)


def is_word(text: str) -> bool:
    """Tell whether a text is a word rather than a credential, or a parameter of a challenge, such as `realm=`."""
    return text.removesuffix("=").replace("_", "").isalpha() and (text[1:].islower() or text.isupper())


def may_name_secret(text: str) -> bool:
    """Tell whether a secret may be named in a text, sooner than by a look at each of its names."""
    if "%" in text or "\\" in text:
        return True
    lower = text.lower()
    for stem in _STEMS:  # noqa: SIM110  with any() it costs three times as much
        if stem in lower:
            return True
    return False


class _Cover(local):
    """The cover of secrets in a thread: `by` makes what is shown in place of one, where that is not its beginning."""

    by: Callable[[str], str] | None = None


COVER = _Cover()


def redact(secret: str) -> str:
    """Return `sk_t…` for `sk_test_123`; a short one is hidden whole, and what is covered already stays as it is."""
    if COVER.by is not None:
        return COVER.by(secret)
    if len(secret) == SHOWN + 1 and secret[-1] == "…":
        return secret
    return f"{secret[:SHOWN]}…" if len(secret) > 2 * SHOWN else "…"


def redact_whole(secret: str) -> str:
    """Return what is shown of a secret of which nothing is."""
    return "…" if COVER.by is None else COVER.by(secret)


def as_it_looks(text: str) -> str:
    """Return a text without invisible characters, and with dashes and characters of full width in ASCII."""
    if text.isascii() and text.isprintable():
        return text
    visible = _INVISIBLE.sub("", text)
    return visible if visible.isascii() else visible.translate(_TO_ASCII)


def characters(escapes: re.Match[str]) -> str:
    """Return the characters of one or more escapes of JSON (`\\u0041`); half a character is replaced."""
    return bytes.fromhex(escapes[0].replace("\\", "").replace("u", "")).decode("utf-16-be", "replace")


def redact_shapes(text: str) -> str:
    """Return a text in which nothing stands that has the shape of a secret."""
    for mark, form in _MARKED:
        if mark in text:
            text = form.sub(_redact_match, text)
    return text


def _redact_match(match: re.Match[str]) -> str:
    return redact(match[0])


@lru_cache(maxsize=10_000)
def _is_secret(name: str) -> bool:
    for _ in range(3):
        if "%" not in name and "\\" not in name:
            break
        name = _ESCAPES.sub(characters, form_decoded(name))
    name = as_it_looks(name)
    if "\\" in name and (spaced := _ESCAPED_SPACE.sub(" ", name)) != name and is_secret(spaced):
        return True
    if "[" in name and any(map(is_secret, _BRACKETS.split(name))):  # settings[key], as forms have it
        return True
    words = _words(_CASE_CHANGE.sub("_", name))
    if _ABOUT.search(words) is not None:
        return False
    return any(_SECRET.search(_NUMBERED.sub("", it)) for it in {words, _words(name)})


def _words(name: str) -> str:
    """Return the words of a name in lower case, an underscore before and behind each."""
    return f"_{_SEPARATORS.sub('_', name).lower()}_".replace("__", "_")


def redact_segments(text: str) -> str:
    """Return a text in which no secret can be read in the paths: `/password/S3cr…`, `/_files/stripe/w/upload/batc…`."""
    if "/_files/" in text and COVER.by is None:  # what else covers it knows that a link opens nothing but its world
        text = _LINK.sub(lambda match: match[1] + redact(match[2]), text)
    return _PATH.sub(_redact_path, text) if may_name_secret(text) else text


def _redact_path(match: re.Match[str]) -> str:
    if len(match[0]) < SHORTEST_PATH:
        return match[0]
    checkpoint()
    segments = match[0].split("/")
    named = [segment for segment in segments if segment not in ("", ".", "..")]
    hidden = iter([*named[:1], *(_redact_behind(*pair) for pair in pairwise(named))])
    return "/".join(segment if segment in ("", ".", "..") else next(hidden) for segment in segments)


def _redact_behind(name: str, segment: str) -> str:
    is_shown = _INDEX.fullmatch(segment) or _FILE.fullmatch(segment) or not is_secret(name)
    return segment if is_shown else redact(segment)
