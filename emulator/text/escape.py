"""Texts from outside as a terminal and a log may show them: nothing in them is obeyed, and none of them begins a line."""

from __future__ import annotations

from unicodedata import category

_OBEYED = frozenset({"Cc", "Cf", "Cs", "Cn", "Co", "Zl", "Zp"})
"""Categories of Unicode whose characters a terminal obeys or does not show: controls, marks of direction, ends of lines."""


def escaped(text: str) -> str:
    """Return a text as one line: what a terminal would obey, and each line break, is shown as an escape (`\\x1b`)."""
    return text if text.isprintable() else _escaped(text, "")


def escaped_lines(text: str) -> str:
    """Return a text whose line breaks and tabs are our own, and stay: all else that a terminal would obey is escaped."""
    return text if text.isprintable() else _escaped(text, "\n\t")


def _escaped(text: str, own: str) -> str:
    obeyed = {it for it in set(text) if not it.isprintable() and it not in own and category(it) in _OBEYED}
    return text.translate({ord(it): _escape(ord(it)) for it in obeyed})


def _escape(code: int) -> str:
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
