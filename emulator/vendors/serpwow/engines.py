"""The search engines that SerpWow names, in a search and in the type of a batch's searches."""

from __future__ import annotations

import re
from typing import Any

from emulator.kernel.transaction import Transaction
from emulator.vendors.serpwow.assumptions_of_calls import UNKNOWN_ENGINE
from emulator.vendors.serpwow.bodies import Unfit, text
from emulator.vendors.serpwow.searches import MIXED

ENGINES = ("google", "bing", "yahoo", "baidu", "yandex", "naver", "amazon", "ebay")
"""Evidence: serpwow-types-3."""

_TYPE = re.compile(rf"{MIXED}|(?:{'|'.join(ENGINES)})_[a-z]+(?:_[a-z]+)*", re.ASCII)


def refuse_unknown_engine(tx: Transaction, engine: Any) -> None:
    """Hold the engine of a search against those that are published.

    Raises:
        Unfit: it is another, where that is assumed to be refused.
    """
    if engine not in ENGINES:
        _refuse(tx, f"engine must be one of {', '.join(ENGINES)}")


def searches_type(tx: Transaction, value: Any) -> str:
    """Return the type to which a batch's searches are locked.

    Raises:
        Unfit: it names no engine that is published, where that is assumed to be refused, or is no text.
    """
    type = text("searches_type", value)
    if not _TYPE.fullmatch(type):
        _refuse(tx, f"searches_type must be {MIXED}, or an engine and what is searched there, such as google_web")
    return type


def _refuse(tx: Transaction, message: str) -> None:
    if tx.choice(UNKNOWN_ENGINE.id) == "refuse":
        raise Unfit(message, "serpwow-types-4", UNKNOWN_ENGINE.id)
