"""Pages of the documentation, read as the snippets that they show."""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True)
class Snippet:
    language: str
    text: str


def snippets(text: str) -> list[Snippet]:
    return [Snippet(*match) for match in re.findall(r"^```(\w+)\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)]
