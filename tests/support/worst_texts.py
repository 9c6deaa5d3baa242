"""Texts by generation that are bad for whatever reads text, and how the time that one takes grows with its length."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from heapq import nlargest
from time import thread_time
from typing import NamedTuple

SHORT, TIMES, MARGIN = 1_000, 8, 2.5
"""Characters of the shorter text, how many times as long the other is, and how many times the growth may be above that."""

SIGNS = "\\\"'%/@:=&?<>[]{}(),;-._~!*+#|^`$ \n\t\r\0aA1é\u200b\uff41"
TOKENS = (
    *("//", "/*", "*/", "/a ", '\\"', "\\u", "\\u0041", "\\\\u0041", "\\/", "%25", "%41", "%5C", "%22", "%zz", "aB"),
    *(
        "--",
        "\n--",
        "--a\n",
        "--a:b\n",
        "a:",
        "a: 1\r\n",
        "\n\n",
        "\r\n",
        "<a>",
        "<![CDATA[",
        "&lt;",
        "&amp;#60;",
        "<name>key</name>",
        "<value>",
        "http://",
        "a@",
        "a:b@",
        "/_files/",
    ),
    *("password", "passW", "token_", "token", "page_", "next_", "api_key", "expires_", "tokens", "key", "basic ", "Bearer "),
    *("eyJ", "eyJa.", "sk_live_", "whsec_", "ghp_", "AIza", "AKIA", "xoxb-", "-----BEGIN ", "PRIVATE KEY-----", "0F", "A" * 31),
    *('name="', ' name=a"', '"name":"key",', '"value":"', '["key","', '"key":\\"', "'key':'", "key=", "&key=", "key[", "key: "),
    *("name=key", "&name=key&value=", "h=key,", "h[0]=key&", "token:", "{key: ", ",key:", "//u:a/", "a/token/", "'key:a"),
    'Content-Disposition: form-data; name="key"\n',
)
HEADS = ("", '{"password":"', "password=", "x=", "\n", "http://", "/x?", '"', '--a\nX: 1; name="key"\n\n', "/password/")
TAILS = ("", "x=1", "token_x=1", '"', '":"x"', "\npassword: x", "\x01", "%41", "\\u0041")


class Worst(NamedTuple):
    """A text that repeats something, after a beginning and before an end."""

    head: str
    pump: str
    tail: str

    def of(self, length: int) -> str:
        """Return the text in about this many characters."""
        return self.head + self.pump * ((length - len(self.head) - len(self.tail)) // len(self.pump)) + self.tail


def single() -> Iterator[Worst]:
    """Yield each sign and token, repeated, alone, and after and before each other text."""
    for pump in (*SIGNS, *TOKENS):
        yield from (Worst(head, pump, "") for head in HEADS)
        yield from (Worst("", pump, tail) for tail in TAILS[1:])


def mixtures(draw: random.Random) -> Worst:
    """Return two or three signs or tokens, repeated."""
    pump = "".join(draw.choices([*SIGNS, *TOKENS], k=draw.choice((2, 2, 3))))
    return Worst(draw.choice(HEADS), pump, draw.choice(TAILS))


def that_grow(read: Callable[[str], object], texts: Iterator[Worst], count: int = 8) -> list[tuple[float, Worst]]:
    """Return the texts for which the time grows faster than the length, among those that take longest."""
    slowest = nlargest(count, ((_seconds(read, text.of(SHORT)), text) for text in texts))
    growths = ((_growth(read, text), text) for _, text in slowest)
    return [(growth, text) for growth, text in growths if growth > MARGIN * TIMES]


def _growth(read: Callable[[str], object], text: Worst) -> float:
    """Return how many times as long the longer text takes: the least of some tries, for what else runs only adds to it."""
    longer, shorter = text.of(TIMES * SHORT), text.of(SHORT)
    return min(_seconds(read, longer) / max(min(_seconds(read, shorter) for _ in range(3)), 1e-5) for _ in range(3))


def _seconds(read: Callable[[str], object], text: str) -> float:
    """Return the seconds of this thread that the text takes."""
    start = thread_time()
    read(text)
    return thread_time() - start
