"""The search engines that SerpWow names, in a search and in the type of a batch's searches."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from emulator.sdk import Transaction
from emulator.vendors.serpwow.assumptions_of_calls import UNKNOWN_ENGINE
from emulator.vendors.serpwow.bodies import Unfit, text
from emulator.vendors.serpwow.searches import MIXED

ENGINES = ("google", "bing", "yahoo", "baidu", "yandex", "naver", "amazon", "ebay", "menuhub")
"""Evidence: serpwow-types-3 and serpwow-types-5."""

NAMES = ("engine", "search_type", "device")
"""Parameters of a search that are texts. Evidence: serpwow-types-8."""

TYPE = r"[a-z0-9]+(?:_[a-z0-9]+)+"
"""The form of the type of searches: an engine and what is searched there. Evidence: serpwow-types-6 and serpwow-types-7."""


def refuse_unfit_names(tx: Transaction, parameters: Mapping[str, Any]) -> None:
    """Refuse an engine, a device or a search_type that a search cannot have.

    Raises:
        Unfit: one is no text, or the engine is not published where that is assumed to be refused.
    """
    for name in NAMES:
        if name in parameters:
            text(name, parameters[name])
    if parameters.get("engine", ENGINES[0]) not in ENGINES:
        _refuse_unknown(tx, f"engine must be one of {', '.join(ENGINES)}")


def searches_type(tx: Transaction, value: Any) -> str:
    """Return the type to which a batch's searches are locked.

    Raises:
        Unfit: it is no type, or names an engine that is not published where that is assumed to be refused.
    """
    type = text("searches_type", value)
    wanted = f"searches_type must be {MIXED}, or an engine and what is searched there, such as google_web"
    if type != MIXED and not re.fullmatch(TYPE, type, re.ASCII):
        raise Unfit(wanted, "serpwow-types-7")
    if has_unknown_engine(type):
        _refuse_unknown(tx, wanted)
    return type


def has_unknown_engine(type: str) -> bool:
    """Return whether the type of a batch's searches begins with an engine that no page names."""
    return type != MIXED and type.partition("_")[0] not in ENGINES


def names_unknown_engine(written: Mapping[str, Any]) -> bool:
    """Return whether the valid parameters of a batch, or of a search, name an engine that no page names."""
    if has_unknown_engine(written.get("searches_type", MIXED)):
        return True
    return any((search.get("engine") or ENGINES[0]) not in ENGINES for search in written.get("searches", (written,)))


def _refuse_unknown(tx: Transaction, message: str) -> None:
    if tx.choice(UNKNOWN_ENGINE.id) == "refuse":
        raise Unfit(message, "serpwow-types-4", UNKNOWN_ENGINE.id)
