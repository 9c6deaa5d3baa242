"""The facts behind fields that an answer shows and the sample of its page leaves out."""

from __future__ import annotations

from emulator.sdk import View
from emulator.vendors.serpwow.assumptions_of_calls import LIST_FIELDS


def fields_beside(view: View, fact: str) -> tuple[str | None, tuple[str, ...]]:
    """Return the assumption behind such fields, and the fact about them: neither where only the printed ones are shown."""
    return (None, ()) if view.choice(LIST_FIELDS.id) == "printed" else (LIST_FIELDS.id, (fact,))
