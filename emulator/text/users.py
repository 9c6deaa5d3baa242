"""Users and passwords in URLs, before hosts, and in the options of commands."""

from __future__ import annotations

import re

from emulator.text.pattern import pattern
from emulator.text.secrets import is_secret, is_word, may_name_secret, redact, redact_whole

_USER = pattern(r"(?<=//)[^\s/\"'<>\\]+(?=@)")
_ODD_USER = pattern(r"(?<=//)[^\s/\"'<>\\@:\[]*+:(?!\s|[0-9]{1,5}(?:[/?#\s\"'<>\\)]|\Z))(?:[^\r\n/]|/(?!/))+(?=@)")
"""A user and a password with `/`, a space or a quote in it, which does not begin as a port does."""

_CUT_USER = pattern(r"(?<=//)[^\s/\"'<>\\@:\[…]*+:(?![0-9]{0,5}(?:[/?#…]|\Z))(?:[^\s/\"'<>\\@…]|/(?!/))*+(?:…|\Z)")
"""The possible user and password at the end of a text that was cut short, or before the sign that it was."""

_BARE_USER = pattern(r"(?<![^\s\"'<>\\/])([^\s\"'<>\\/@:]*+:)(?<!mailto:)[^\s\"'<>\\/]+(?=@)")
"""A user and a password with no `//` before them, as `CONNECT` and Host have them."""

_OPTION_OF_USER = pattern(
    r"(?<![\w-])((?:-[uU] ?|--(?:proxy-)?user[ =])(\\*+[\"'])?+[^\s\"':]*+:)(?:(?(2)(?!\2)[^\r\n]|[^\s\"']))++"
)
_OPTION = pattern(
    r"(?<![\w-])--([A-Za-z][\w.-]*+)([ \t]++(\\*+[\"'])?+)((?(3)(?!\3)[^\r\n]|[^\s\"'-])(?(3)(?!\3)[^\r\n]|[^\s\"'])*+)"
)
"""`-u me:password`, as curl has it, and `--password ...`."""


def redact_users(text: str) -> str:
    """Return a text in which no user of a URL can be read, no password before a host, and none of an option."""
    if "//" in text:
        text = _CUT_USER.sub(_redact_user, _ODD_USER.sub(_redact_user, _USER.sub(_redact_user, text)))
    if "@" in text and ":" in text:
        text = _BARE_USER.sub(_redact_behind, text)
    if "-u" in text or "-U" in text:
        text = _OPTION_OF_USER.sub(_redact_behind, text)
    if "--" in text and may_name_secret(text):
        text = _OPTION.sub(_redact_option, text)
    return text


def _redact_user(match: re.Match[str]) -> str:
    return redact_whole(match[0])


def _redact_behind(match: re.Match[str]) -> str:
    return match[1] + redact_whole(match[0][len(match[1]) :])


def _redact_option(match: re.Match[str]) -> str:
    """Cover what follows an option of a command, unless it is a word."""
    return match[0] if is_word(match[4]) or not is_secret(match[1]) else f"--{match[1]}{match[2]}{redact(match[4])}"
