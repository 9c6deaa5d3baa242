"""Secrets in the segments of a path: what stands behind the name of one, and the token of a link to a file."""

from __future__ import annotations

import re
from itertools import pairwise

from emulator.kernel.secrets import is_secret, may_name_secret, redact

_RUN = re.compile(r"(?:/(?:[^/\s\"'<>?#\\]|[\"'\\<>](?=[\w%]))*+)++")
"""Segments one behind the other. A quote, a backslash or a bracket is one's own where a letter follows it."""

_LINK = re.compile(r"(?<=/_files/)([^/\s]++/[^/\s]++/(?:up|down)load/)([^/\s\"'<>?#\\]++)")
"""A link to a file that carries its own permission: vendor, world, purpose, and the token that permits it."""

_INDEX = re.compile(r"[0-9]{1,2}")
"""A place in a list, which a JSON pointer has behind the name of a list."""


def redact_segments(text: str) -> str:
    """Return a text in which no secret can be read in the paths: `/password/S3cr…`, `/_files/stripe/w/upload/batc…`."""
    if "/_files/" in text:
        text = _LINK.sub(lambda match: match[1] + redact(match[2]), text)
    return _RUN.sub(_redact_run, text) if may_name_secret(text) else text


def _redact_run(match: re.Match[str]) -> str:
    segments = match[0].split("/")
    named = [segment for segment in segments if segment not in ("", ".", "..")]
    hidden = iter([*named[:1], *(_redact_behind(*pair) for pair in pairwise(named))])
    return "/".join(segment if segment in ("", ".", "..") else next(hidden) for segment in segments)


def _redact_behind(name: str, segment: str) -> str:
    return redact(segment) if is_secret(name) and not _INDEX.fullmatch(segment) else segment
