"""Assumptions about how bodies and queries are read, where SerpWow publishes samples and no rules."""

from __future__ import annotations

from emulator.sdk import Assumption

MISLABELLED_JSON = Assumption(
    "serpwow.mislabelled-json",
    "Is a JSON body read whose Content-Type names a form, a text or nothing?",
    ("read", "refuse"),
    "read",
    "The vendor's own PHP sample posts JSON with curl's default type, which is that of a form.",
)
FORM_LISTS = Assumption(
    "serpwow.form-lists",
    "Which lists and objects are read in a form?",
    ("every-style", "comma-joined"),
    "every-style",
    "The vendor's own PHP samples use http_build_query, which writes a list with indexes; the page joins one by commas.",
)
FLAG_WORDS = Assumption(
    "serpwow.flag-words",
    "Are True, False, 1 and 0 read where true or false is published?",
    ("read", "refuse"),
    "read",
    "The vendor's own PHP sample sends a flag through http_build_query, which makes 0 of false.",
)
NULL_PARAMETER = Assumption(
    "serpwow.null-parameter",
    "What does null mean for a parameter that may be left out?",
    ("absent", "refuse"),
    "absent",
    "No page speaks of null, and clients send it for what they have no value for.",
)
REPEATED_PARAMETER = Assumption(
    "serpwow.repeated-parameter",
    "What becomes of a query that gives a single-valued parameter several different values?",
    ("refuse", "last"),
    "refuse",
    "400 is published for invalid requests, and one of the values would be lost.",
)

OF_BODIES = (MISLABELLED_JSON, FORM_LISTS, FLAG_WORDS, NULL_PARAMETER, REPEATED_PARAMETER)
