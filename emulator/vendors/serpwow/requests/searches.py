"""Validation of searches: their parameters, their engine and type, and the limits of a batch."""

from __future__ import annotations

import re
from collections.abc import Container, Iterable, Iterator, Sequence
from typing import Any

from emulator.sdk import Answer, JsonObject, Transaction
from emulator.vendors.serpwow.assumptions.searches import (
    HTML_LIMIT,
    LOCKED_TYPE,
    MAX_PAGE,
    REPEATED_CUSTOM_ID,
    SEARCH_WITHOUT_Q,
    UNKNOWN_ENGINE,
    UNKNOWN_PARAMETER,
    UNKNOWN_TYPE,
)
from emulator.vendors.serpwow.model.batches import Batch
from emulator.vendors.serpwow.model.searches import MAX_PAGES, MAX_WITH_HTML, MIXED, Search, Searches, integer, letters
from emulator.vendors.serpwow.requests.bodies import HTML, check_flags, without_blanks
from emulator.vendors.serpwow.requests.validation import flag, invalid, json_within, optional_text, text

PER_REQUEST = 1000
"""Searches that one request may add. Evidence: serpwow-limits-4."""

ENGINES = ("google", "bing", "yahoo", "baidu", "yandex", "naver", "amazon", "ebay", "menuhub")
"""The engines that a search may name. Evidence: serpwow-types-3 and serpwow-types-5."""

GOOGLE_TYPES = (
    "news", "images", "videos", "scholar", "reverse_image_search", "trends", "autocomplete", "shopping", "product",
    "places", "place_details", "place_photos", "place_reviews", "place_products", "place_posts", "map_place_details",
    "news_top_stories",
)  # fmt: skip
SEARCH_TYPES = {"google": GOOGLE_TYPES, "bing": ("news", "images", ""), "yahoo": ("news", ""), "naver": ("news", "")}
"""The search_type by engine; of the other engines only the empty one, a web search. Evidence: serpwow-types-10."""

DEVICES = ("desktop", "tablet", "mobile")
"""The devices that a search may name. Evidence: serpwow-types-11."""

SWITCHES = (
    *("hide_base64_images", "include_answer_box", "include_advertiser_info", "include_ai_overview"),
    *("include_ai_overview_check", "location_auto", "flatten_results"),
)
PAGE_VALUES: dict[str, tuple[str, ...]] = {
    "mobile_type": ("iphone", "android"),
    "tablet_type": ("ipad", "android"),
    "output": ("json", "html", "csv"),
    "skip_on_incident": ("all", "major_only"),
    "product_type": ("reviews", "online_sellers", "specifications"),
    "time_period": ("last_hour", "last_day", "last_week", "last_month", "last_year", "custom"),
    "safe": ("active", "off"),
    **dict.fromkeys(("nfpr", "filter"), ("0", "1")),
    **dict.fromkeys(SWITCHES, ("true", "false")),
}
"""Further parameters of which pages list the values. Evidence: serpwow-types-14."""

PAGE_TEXTS = (
    *("gl", "hl", "google_domain", "lr", "cr", "tbs", "uule", "time_period_min", "time_period_max", "csv_fields", "cookie"),
    *("include_fields", "exclude_fields", "knowledge_graph_id", "next_page_token", "amazon_domain", "ebay_domain", "type"),
    "store_name",
)
PAGE_IDS = ("start", "product_id", "data_cid", "category_id", "topic_id", "autocomplete_search_index", "store_id")
PAGE_NUMBERS = ("page", "num")
"""Further parameters that pages name: texts, texts or numbers, and numbers. Evidence: serpwow-types-14."""

CLIENT_TEXTS = ("sort_by", "news_type", "show_duplicates")
"""The parameters of a search that only the page of the vendor's client names. Evidence: serpwow-types-12."""

MOST_RESULTS, MOST_PLACES = 100, 20
"""The largest num, and that of places, as the page of the vendor's client says. Evidence: serpwow-types-12."""

TEXTS = ("q", "url", "engine", "search_type", "device", "location", "custom_id", "data_id", *PAGE_TEXTS, *CLIENT_TEXTS)
NUMBERS = ("max_page", *PAGE_NUMBERS)
"""The parameters of a search that are known, by the kind of their values."""

TYPE = r"[a-z0-9]+(?:_[a-z0-9]+)+"
"""The form of a searches_type: an engine and the kind of search. Evidence: serpwow-types-6 and serpwow-types-7."""


def read_searches(tx: Transaction, value: Any, used: Container[str]) -> Iterator[Search]:
    """Yield new searches with ids that are not used in their batch.

    Raises:
        InvalidRequest: the list, or a parameter of a search, is not valid.
    """
    if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
        raise invalid(f"searches must be a list of objects{json_within(value)}")
    if len(value) > PER_REQUEST:
        raise invalid(f"At most {PER_REQUEST} Searches can be added per call", "serpwow-limits-4")
    for item in value:
        parameters = without_blanks(tx, {name: parameter for name, parameter in item.items() if name != "id"})
        check_parameters(tx, parameters)
        while (id := letters(tx.mint("serpwow.search"))) in used:
            pass
        yield Search(id, parameters)


def check_parameters(tx: Transaction, parameters: JsonObject) -> None:
    """Refuse a parameter with an invalid value.

    Raises:
        InvalidRequest: there is one.
    """
    for name, value in parameters.items():
        if isinstance(value, dict) or (isinstance(value, list) and any(isinstance(item, (dict, list)) for item in value)):
            raise invalid(f"{name} must be a plain value, or a list of them")
    if "engine" in parameters:
        text("engine", parameters["engine"])
    for name in ("search_type", "device"):
        optional_text(name, parameters.get(name))
    if parameters.get("engine", ENGINES[0]) not in ENGINES:
        _refuse_engine(tx, f"engine must be one of {', '.join(ENGINES)}")
    if (unlisted := _unlisted(parameters)) and tx.choice(UNKNOWN_TYPE) == "refuse":
        raise invalid(f"{unlisted} {parameters[unlisted]!r} is not supported", "serpwow-types-8", UNKNOWN_TYPE)
    if (unknown := _unknown(parameters)) and tx.choice(UNKNOWN_PARAMETER) == "refuse":
        raise invalid(f"{unknown} is unknown, or its value is not supported", "serpwow-types-13", UNKNOWN_PARAMETER)
    if HTML in parameters:
        flag(HTML, parameters[HTML])
    check_flags(tx, parameters)
    most = int(tx.choice(MAX_PAGE))
    if "max_page" in parameters and not 1 <= integer(parameters["max_page"], 0) <= most:
        raise invalid(f"max_page must be a whole number from 1 to {most}", "serpwow-limits-5", MAX_PAGE)


def check_searches(tx: Transaction, batch: Batch, searches: Searches, new: Sequence[Search]) -> None:
    """Refuse new searches without q, or of another type than the batch is locked to, and searches beyond the limits of a batch.

    Raises:
        InvalidRequest: there are some.
    """
    if any(map(_lacks_query, new)) and tx.choice(SEARCH_WITHOUT_Q) == "refuse":
        raise invalid("q is required", "serpwow-searches-16", SEARCH_WITHOUT_Q)
    if _repeats_custom_id(searches, new) and tx.choice(REPEATED_CUSTOM_ID) == "refuse":
        raise invalid("custom_id must be another for each Search of a Batch", "serpwow-searches-19", REPEATED_CUSTOM_ID)
    if batch.locked_type is not None and tx.choice(LOCKED_TYPE) == "enforced":
        for search in new:
            if search.type != batch.locked_type:
                message = f"This Batch only takes Searches of type {batch.locked_type}, not {search.type}"
                raise invalid(message, "serpwow-types-2", LOCKED_TYPE)
    if searches.credits > MAX_PAGES:
        message = f"A Batch can retrieve at most {MAX_PAGES} pages, and this would be {searches.credits}"
        raise invalid(message, "serpwow-limits-2")
    limit = f"A Batch with include_html can have at most {MAX_WITH_HTML}"
    if searches.with_html and searches.total > MAX_WITH_HTML:
        raise invalid(f"{limit} searches, and this would be {searches.total}", "serpwow-limits-3")
    if searches.with_html and searches.credits > MAX_WITH_HTML and tx.choice(HTML_LIMIT) == "pages":
        raise invalid(f"{limit} pages, and this would be {searches.credits}", "serpwow-limits-3", HTML_LIMIT)


def _lacks_query(search: Search) -> bool:
    """Return whether a search of the web has neither q nor url, or blank ones. Evidence: serpwow-searches-16 and -18."""
    given = (str(search.parameters.get(name, "")).strip() for name in ("q", "url"))
    names_store = search.parameters.get("engine") == "menuhub"
    return not names_store and not search.parameters.get("search_type") and not any(given)


def _repeats_custom_id(searches: Searches, new: Sequence[Search]) -> bool:
    """Return whether one of the new searches has the custom_id of another. Evidence: serpwow-searches-19."""
    ids = {str(it.parameters["custom_id"]) for it in new if it.parameters.get("custom_id")}
    return bool(ids) and sum(str(it.parameters.get("custom_id")) in ids for it in searches) > len(ids)


def read_searches_type(tx: Transaction, value: Any) -> str:
    """Return the type to which a batch's searches are locked.

    Raises:
        InvalidRequest: it is no type, or its engine is unknown where that is assumed to be refused.
    """
    type = text("searches_type", value)
    expected = f"searches_type must be {MIXED}, or an engine and what is searched there, such as google_web"
    if type != MIXED and not re.fullmatch(TYPE, type, re.ASCII):
        raise invalid(expected, "serpwow-types-7")
    if _has_unknown_engine(type):
        _refuse_engine(tx, expected)
    elif is_unlisted_type(type) and tx.choice(UNKNOWN_TYPE) == "refuse":
        raise invalid(f"searches_type {type!r} is not supported", "serpwow-types-8", UNKNOWN_TYPE)
    return type


def is_unlisted_type(type: str) -> bool:
    """Return whether the type of a batch's searches is of an engine that pages list, and of a kind that they do not."""
    engine, _, kind = type.partition("_")
    return engine in ENGINES and kind not in ("web", *SEARCH_TYPES.get(engine, ()))


def names_unknown_engine(parameters: JsonObject) -> bool:
    """Return whether the valid parameters of a batch, or of a search, name an unpublished engine."""
    if _has_unknown_engine(parameters.get("searches_type", MIXED)):
        return True
    return any((search.get("engine") or ENGINES[0]) not in ENGINES for search in parameters.get("searches", (parameters,)))


def names_unlisted(searches: Iterable[JsonObject]) -> bool:
    """Return whether valid parameters of searches name a search_type or device that no page lists."""
    return any(map(_unlisted, searches))


def names_unknown(searches: Iterable[JsonObject]) -> bool:
    """Return whether parameters of searches have an unknown name or value. Evidence: serpwow-types-13."""
    return any(map(_unknown, searches))


def with_names(answer: Answer, searches: Iterable[JsonObject]) -> Answer:
    """Return the answer with the facts behind url, names of parameters, and values that no page prints."""
    named = {name for search in searches for name in search}
    if "url" in named:
        answer = answer.resting_on(("serpwow-searches-18",))
    if named & {*PAGE_VALUES, *PAGE_TEXTS, *PAGE_IDS, *PAGE_NUMBERS}:
        answer = answer.resting_on(("serpwow-types-14",))
    if any(map(_has_unprinted_value, searches)):
        answer = answer.resting_on(("serpwow-types-15",))
    return answer.resting_on(("serpwow-types-12",)) if named & {*CLIENT_TEXTS, "num"} else answer


def _has_unprinted_value(search: JsonObject) -> bool:
    """Return whether a search has a value that no page prints, of a parameter without a list. Evidence: serpwow-types-15."""
    most = MOST_PLACES if search.get("search_type") == "places" else MOST_RESULTS
    others = {"google_domain": "google.com", "sort_by": "date"}
    return (
        not 1 <= integer(search.get("num", 1), 0) <= most
        or integer(search.get("page", 1), 0) < 1
        or any(search.get(name, value) != value for name, value in others.items())
    )


def _unknown(search: JsonObject) -> str | None:
    """Return the first parameter with an unknown name, or a value of another kind or not in its list; None for none."""
    return next((name for name, value in search.items() if not _is_known(name, value)), None)


def _is_known(name: str, value: Any) -> bool:
    if name in NUMBERS:
        return str(value) == str(number := integer(value, -1)) and number >= 0
    if name in PAGE_VALUES:
        return (str(value).lower() if isinstance(value, bool) else str(value)) in PAGE_VALUES[name]
    is_text = isinstance(value, str) and (value != "" or name in ("q", "search_type"))
    is_id = name in PAGE_IDS and (is_text or isinstance(value, int))
    return name in (HTML, "id") or value is None or is_id or (name in TEXTS and is_text)


def _unlisted(search: JsonObject) -> str | None:
    """Return which of search_type and device a search has that is not listed for its engine; None for neither."""
    if search.get("search_type") not in (None, *SEARCH_TYPES.get(search.get("engine") or ENGINES[0], ("",))):
        return "search_type"
    return None if search.get("device") in (None, *DEVICES) else "device"


def _has_unknown_engine(type: str) -> bool:
    return type != MIXED and type.partition("_")[0] not in ENGINES


def _refuse_engine(tx: Transaction, message: str) -> None:
    if tx.choice(UNKNOWN_ENGINE) == "refuse":
        raise invalid(message, "serpwow-types-4", UNKNOWN_ENGINE)
