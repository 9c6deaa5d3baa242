"""The versions of the API: which there are, and what each of them has."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from functools import lru_cache

from emulator.sdk import pattern

_VERSION = pattern(r"(\d{4}-\d{2}-\d{2})\.([a-z][a-z0-9_]*(?:-[a-z0-9_]+)*)", re.ASCII)
"""A date and a name, as in `2026-03-25.preview` or `2024-12-03.preview-v2`."""

_FEATURES = pattern(r"(\s*;\s*[A-Za-z0-9_]+=v[0-9]+)+\s*", re.ASCII)
"""Features that clients add, as in `2026-03-25.preview; a_feature=v1`. Evidence: stripe-version-8."""

WITHOUT_RPS = "2026-06-24"
"""The first version without maximum_rps, whose metadata are not required. Evidence: stripe-version-2."""

WITH_DELETE_METHOD = "2026-04-22"
"""The first version whose jobs may call endpoints by delete. Evidence: stripe-endpoint-4."""

TWO_LISTS = "2026-05-27"
"""The first version in which the channels list different endpoints. Evidence: stripe-endpoint-5 and stripe-endpoint-6."""

PREVIEWS = (
    "2026-03-25.preview",
    "2026-04-01.preview",
    "2026-04-08.preview",
    "2026-04-22.preview",
    "2026-05-27.preview",
    "2026-06-03.preview",
    "2026-06-10.preview",
    "2026-06-24.preview",
    "2026-07-01.preview",
    "2026-07-08.preview",
    "2026-07-29.preview",
    "2026-08-12.preview",
    "2026-08-26.preview",
    "2026-09-23.preview",
    "2026-09-30.preview",
    "2026-10-07.preview",
    "2026-10-14.preview",
)
"""The previews that have batch jobs. Evidence: stripe-version-3."""

PRINTED = frozenset(
    [
        "2026-03-25.preview",
        "2026-04-22.preview",
        "2026-05-27.preview",
        "2026-06-24.preview",
        "2026-08-26.preview",
        "2026-09-30.preview",
        "2024-09-30.acacia",
        "2024-10-28.acacia",
        "2025-10-29.clover",
        "2026-03-25.dahlia",
        "2026-04-22.dahlia",
    ]
)
"""The versions that pages name; the others are known from clients.

Evidence: stripe-cancel-1, stripe-endpoint-4, stripe-version-2, stripe-version-7, stripe-version-9 to stripe-version-11,
stripe-event-10, stripe-destination-15 and stripe-destination-16.
"""

GENERAL = {version for version in PRINTED if not version.endswith(".preview")} | {"2026-10-28.endive"}
"""The generally available versions known to have events and event destinations. None of them has batch jobs.

An assumption decides about their requests for batch jobs. Evidence: stripe-version-6 and stripe-version-7.
"""

WITH_EVENT_FILTERS = "2025-10-29"
"""The first version that lists events by type and time, and without an object. Evidence: stripe-event-10."""

WITH_NEW_SOURCES = "2026-03-25"
"""The first version whose destinations name their sources as `@self`, not `self`. Evidence: stripe-destination-15."""

WITH_CHANGES = {"preview": "2025-11-17", "general": "2025-12-15"}
"""The first version of each kind whose events have changes. Evidence: stripe-event-13 and stripe-event-14."""

WITH_SNAPSHOT_EVENT = "2026-09-30"
"""The first version whose events have snapshot_event. Evidence: stripe-event-17."""

WITH_EVENT_GRID = {"preview": "2026-03-25", "general": "2026-04-22"}
"""The first version of each kind that has destinations at Azure. Evidence: stripe-destination-16."""

LATEST_PREVIEW = "preview"
"""The newest preview, without its date. Evidence: stripe-version-15."""

NEWEST = "9999-12-31"
"""The date of a version that has no valid date: it counts as the newest."""


@lru_cache(maxsize=256)
def parse_version(header: str) -> str:
    """Return the version in a Stripe-Version header, without its features; all of the header where these are malformed."""
    version, semicolon, rest = header.strip().partition(";")
    return version.strip() if not semicolon or _FEATURES.fullmatch(semicolon + rest) else header.strip()


@lru_cache(maxsize=256)
def date_of(version: str) -> str:
    """Return the date of a version, NEWEST where it has none."""
    match = _VERSION.fullmatch(version)
    try:
        return date.fromisoformat(match[1]).isoformat() if match else NEWEST
    except ValueError:
        return NEWEST


def is_well_formed(version: str) -> bool:
    """Return whether a version is a date and a name, as in `2026-03-25.preview`, or the word for the newest preview."""
    return version == LATEST_PREVIEW or date_of(version) != NEWEST


def is_preview(version: str) -> bool:
    """Return whether a version is a preview; one that is not well formed is taken for one."""
    match = _VERSION.fullmatch(version)
    return match is None or match[2].startswith("preview")


def lacks_jobs(version: str) -> bool:
    """Return whether a version is known to have no batch jobs. Evidence: stripe-version-6 and stripe-version-14."""
    return not is_preview(version) or f"{date_of(version)}.preview" < PREVIEWS[0]


@lru_cache(maxsize=256)
def has_rps(version: str) -> bool:
    """Return whether jobs of this version have maximum_rps."""
    return date_of(version) < WITHOUT_RPS


def has_delete(version: str) -> bool:
    """Return whether jobs of this version may call endpoints by delete. Evidence: stripe-endpoint-4."""
    return date_of(version) >= WITH_DELETE_METHOD


def has_event_filters(version: str) -> bool:
    """Return whether events of this version are listed by type and time, and without an object."""
    return date_of(version) >= WITH_EVENT_FILTERS


def has_new_sources(version: str) -> bool:
    """Return whether destinations of this version name their sources as `@self`, not `self`."""
    return date_of(version) >= WITH_NEW_SOURCES


def has_event_grid(version: str) -> bool:
    """Return whether destinations of this version may be at Azure."""
    return _is_since(WITH_EVENT_GRID, version)


def has_snapshot_event(version: str) -> bool:
    """Return whether events of this version tell the snapshot that corresponds to them."""
    return date_of(version) >= WITH_SNAPSHOT_EVENT


def has_changes(version: str) -> bool:
    """Return whether events of this version have changes."""
    return _is_since(WITH_CHANGES, version)


def _is_since(firsts: Mapping[str, str], version: str) -> bool:
    return date_of(version) >= firsts["preview" if is_preview(version) else "general"]
