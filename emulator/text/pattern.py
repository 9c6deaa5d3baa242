"""Regular expressions that are compiled when they are first used: there are many, and hardly any start needs more than few."""

from __future__ import annotations

import re
from typing import Any, AnyStr, cast


class Pattern:
    """A regular expression that has all that a compiled one has."""

    def __init__(self, text: str | bytes, flags: int) -> None:
        self._text = text
        self._flags = flags

    def __getattr__(self, name: str) -> Any:
        """Return an attribute of the compiled expression, and keep it, so that this is asked once for each."""
        attribute = getattr(re.compile(self._text, self._flags), name)
        setattr(self, name, attribute)
        return attribute


def pattern(text: AnyStr, flags: int = 0) -> re.Pattern[AnyStr]:
    """Return a regular expression, to be compiled when it is first used."""
    return cast("re.Pattern[AnyStr]", Pattern(text, flags))
