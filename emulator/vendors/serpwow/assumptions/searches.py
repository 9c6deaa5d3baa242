"""Assumptions about the searches of a batch: their parameters and types, their limits, and their lists."""

from __future__ import annotations

from emulator.sdk import Assumption

FIND_IN = Assumption(
    "serpwow.find-in",
    "In which parameters of a search does Find Searches look, besides its custom_id?",
    ("every", "q"),
    "The page says that it looks in the search, which another page calls a collection of parameters.",
)
MAX_PAGE = Assumption(
    "serpwow.max-page",
    "How large may max_page be in a batch?",
    ("20", "100"),
    "An older page says 100, and a newer one is reported to say 20, as that of the sibling ValueSERP does.",
)
HTML_LIMIT = Assumption(
    "serpwow.html-limit",
    "What is counted of a batch with include_html=true, of which there may be 100?",
    ("searches", "pages"),
    "The page says 100 searches; that max_page divides the number is said of the 15,000 only.",
)
LOCKED_TYPE = Assumption(
    "serpwow.locked-type",
    "What does it mean that a batch is locked to a type of search?",
    ("enforced", "told"),
    "A lock that let other types in, or could be changed, would lock nothing.",
)
DETECTED_TYPE = Assumption(
    "serpwow.detected-type",
    "What becomes of an update that sends the searches_type that a batch without a lock shows?",
    ("kept", "refuse"),
    "A client that sends back what it was shown wants no change. The type is published to be detected, and no page says whether"
    " a lock can be asked for later; the batch stays without one.",
)
FIND_MATCH = Assumption(
    "serpwow.find-match",
    "What does q have to be like for Find Searches to find it?",
    ("text", "words"),
    "The page says that what matches is found. As one text it can stand anywhere in a value; List Batches alone is published to"
    " look for each word.",
)
UNKNOWN_ENGINE = Assumption(
    "serpwow.unknown-engine",
    "What becomes of an engine that is not published, in a search or in searches_type?",
    ("accept", "refuse"),
    "New engines are announced among the product updates, so a list of today would refuse what works tomorrow; but invalid"
    " parameters are published as the commonest cause of a 400.",
)
UNKNOWN_TYPE = Assumption(
    "serpwow.unknown-type",
    "What becomes of a search_type that the page does not list for the engine, in searches_type too, or of a device?",
    ("accept", "refuse"),
    "New types are announced among the product updates, so a list of today would refuse what works tomorrow; but invalid"
    " parameters are published as the commonest cause of a 400.",
)
UNKNOWN_PARAMETER = Assumption(
    "serpwow.unknown-parameter",
    "What becomes of a parameter of a search that no page names, or with a value of another kind or not in its published list?",
    ("accept", "refuse"),
    "Each engine and type of search has parameters of its own, and new ones are announced among the product updates; but"
    " invalid parameters are published as the commonest cause of a 400.",
)
SEARCH_UPDATE_FIELDS = Assumption(
    "serpwow.search-update-fields",
    "Which fields does the answer to an update of a search tell?",
    ("changed", "sent"),
    "The page says those that have been updated, and a field that already had the value that is sent is the same after it.",
)
SEARCHES_BEYOND_END = Assumption(
    "serpwow.searches-beyond-end",
    "What does a page of searches beyond the last one get?",
    ("500", "empty"),
    "A public client of a sibling product takes a 500 for the end of the pages; it asks for those up to searches_page_count.",
)
DELETE_UNKNOWN_SEARCHES = Assumption(
    "serpwow.delete-unknown-searches",
    "What becomes of a deletion of many searches when some of the ids are unknown?",
    ("ignore", "refuse"),
    "Each id that is there is published to be deleted, and nothing is said of the others.",
)
SEARCH_WITHOUT_Q = Assumption(
    "serpwow.search-without-q",
    "What becomes of a search of the web, one without a search_type, that has neither q nor url, or blank ones?",
    ("accept", "refuse"),
    "A search needs a query, or the url to open instead; but no page says that a batch looks at the parameters before it runs.",
)
REPEATED_CUSTOM_ID = Assumption(
    "serpwow.repeated-custom-id",
    "May several searches of a batch have the same custom_id?",
    ("accept", "refuse"),
    "It is published as an id of the client's own, and not that it is unique.",
)
