"""Values of parameters of a query as the pages print them, and others that can be read too."""

from __future__ import annotations

from collections.abc import Container, Mapping

from emulator.sdk import Answer, View, pattern
from emulator.vendors.serpwow.assumptions.requests import FLAG_WORDS, UNPRINTED_VALUES
from emulator.vendors.serpwow.model.searches import boolean
from emulator.vendors.serpwow.requests.validation import invalid

FORCE = "force"

TIMESTAMP = pattern(r"\d{4}-\d\d-\d\d[Tt](?!24)\d\d:\d\d:\d\d(\.\d+)?[Zz]")
FLAG_NAMES = ("only_with_results", "only_without_results", FORCE)
FORMS = {
    **dict.fromkeys(FLAG_NAMES, pattern("true")),
    **dict.fromkeys(("page", "page_size"), pattern("[1-9][0-9]*")),
    **dict.fromkeys(("search_term", "destination_id", "q", "custom_id"), pattern("(?s:.+)")),
    **dict.fromkeys(("created_before", "created_after", "last_run_before", "last_run_after"), TIMESTAMP),
}
"""Parameter → the form of its values on the page, where others can be read too."""


def check_printed_values(view: View, query: Mapping[str, str], names: Container[str]) -> None:
    """Refuse a value of these parameters that no page prints where that is assumed to be refused. Evidence: serpwow-list-18.

    Raises:
        InvalidRequest: there is one.
    """
    for flag in FLAG_NAMES:
        if flag in names and _is_word(query.get(flag)) and view.choice(FLAG_WORDS) == "refuse":
            raise invalid(f"{flag} must be true", "serpwow-body-3", FLAG_WORDS, place=flag)
    if (name := _unprinted_value(query, names)) and view.choice(UNPRINTED_VALUES) == "refuse":
        raise invalid(f"{name} must be as published", "serpwow-list-18", UNPRINTED_VALUES, place=name)


def with_unprinted_values(query: Mapping[str, str], names: Container[str], answer: Answer) -> Answer:
    """Return an answer with the fact and the assumption by which a value was read that no page prints, if one was."""
    return answer.resting_on(("serpwow-list-18",), UNPRINTED_VALUES) if _unprinted_value(query, names) else answer


def _unprinted_value(query: Mapping[str, str], names: Container[str]) -> str | None:
    """Return the first of these parameters with a value that no page prints, though its meaning is plain."""
    given = ((name, query[name]) for name in FORMS if name in names and name in query)
    odd = (name for name, value in given if not FORMS[name].fullmatch(value))
    return next((name for name in odd if not (name in FLAG_NAMES and _is_word(query[name]))), None)


def _is_word(value: str | None) -> bool:
    """Return whether a flag is another word than the published true, and than false. Evidence: serpwow-body-3."""
    return value not in (None, "true", "false") and boolean(value) is not None
