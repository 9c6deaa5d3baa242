"""The versions of the API: which there are, and what a batch job may do and shows in each."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date

from emulator.vendors.stripe.model.channels import LISTS

_WRITTEN = re.compile(r"(\d{4}-\d{2}-\d{2})\.([a-z][a-z0-9_]*(?:-[a-z0-9_]+)*)", re.ASCII)
"""A date and a name, as in `2026-03-25.preview` or `2024-12-03.preview-v2`.

Clients of previews may add features, as in `2026-03-25.preview; a_feature=v1`."""

_FEATURES = re.compile(r"(\s*;\s*[A-Za-z0-9_]+=v[0-9]+)+\s*", re.ASCII)
"""What clients add to a version. Evidence: stripe-version-8."""

WITHOUT_RPS = "2026-06-24"
"""The first version that knows no maximum_rps, and no longer requires metadata. Evidence: stripe-version-2."""

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

PRINTED = ("2026-03-25.preview", "2026-04-22.preview", "2026-06-24.preview", "2026-09-30.preview", "2024-09-30.acacia")
"""The versions that pages name; the others are known from clients.

Evidence: stripe-cancel-1, stripe-endpoint-4, stripe-version-2, stripe-version-9 and stripe-version-7.
"""

GENERAL = ("2024-09-30.acacia", "2026-10-28.endive")
"""The versions for everybody that are known to have events and event destinations. None of them has batch jobs.

A request of theirs about batch jobs is one of a version that is not known to have them: the assumption about those decides.

Evidence: stripe-version-6 and stripe-version-7.
"""

WITH_EVENT_FILTERS = "2025-10-29"
"""The first version that lists events by type and time, and without an object. Evidence: stripe-event-10."""

WITH_NEW_SOURCES = "2026-03-25"
"""The first version whose destinations name their sources as `@self`, not `self`. Evidence: stripe-destination-15."""

WITH_EVENT_GRID = {"preview": "2026-03-25", "general": "2026-04-22"}
"""The first version of each kind that has destinations at Azure. Evidence: stripe-destination-16."""

NEWEST = "9999-12-31"
"""The date under which the newest version is looked for."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """What each row of a job calls: a method and a path, whose placeholders begin with a colon."""

    http_method: str = "post"
    path: str = "/v1/customers/:customer"

    @property
    def placeholders(self) -> tuple[str, ...]:
        """The names that every row must give values for."""
        return tuple(segment[1:] for segment in self.path.split("/") if segment.startswith(":"))

    def is_like(self, other: Endpoint) -> bool:
        """Whether both are the same, whatever their placeholders are called. Evidence: stripe-paths-1."""
        return self.http_method == other.http_method and _shape(self.path) == _shape(other.path)

    def show(self) -> dict[str, str]:
        """The endpoint as it is written."""
        return {"http_method": self.http_method, "path": self.path}


def named_version(header: str) -> str:
    """Return the version that a Stripe-Version header names, without the features that it may add.

    What comes after it and is no feature stays, so that the whole is no version.
    """
    version, semicolon, rest = header.strip().partition(";")
    return version.strip() if not semicolon or _FEATURES.fullmatch(semicolon + rest) else header.strip()


def is_well_formed(version: str) -> bool:
    """Return whether a version is a date and a name, as in `2026-03-25.preview`."""
    return _date_of(version) != NEWEST


def knows_rps(version: str) -> bool:
    """Return whether jobs of this version have maximum_rps; a version without a date is taken for the newest."""
    return _date_of(version) < WITHOUT_RPS


def filters_events(version: str) -> bool:
    """Return whether events of this version are listed by type and time, and without an object."""
    return _date_of(version) >= WITH_EVENT_FILTERS


def has_new_sources(version: str) -> bool:
    """Return whether destinations of this version name their sources as `@self`, not `self`."""
    return _date_of(version) >= WITH_NEW_SOURCES


def has_event_grid(version: str) -> bool:
    """Return whether destinations of this version may be at Azure."""
    written = _WRITTEN.fullmatch(version)
    kind = "preview" if written is None or written[2].startswith("preview") else "general"
    return _date_of(version) >= WITH_EVENT_GRID[kind]


def has_delete(version: str) -> bool:
    """Return whether jobs of this version may call endpoints by delete. Evidence: stripe-endpoint-4."""
    return _date_of(version) >= WITH_DELETE_METHOD


def has_first_list(version: str) -> bool:
    """Return whether jobs of this version call what both channels listed at first. Evidence: stripe-endpoint-7."""
    return _date_of(version) < TWO_LISTS


def supports(version: str, endpoint: Endpoint, channel: str) -> bool:
    """Return whether jobs of this version and channel may call the endpoint."""
    return any(endpoint.is_like(it) for it in endpoints_of(version, channel))


def endpoints_of(version: str, channel: str) -> list[Endpoint]:
    """Return every endpoint that jobs of this version and channel may call."""
    lists, dated = LISTS[channel], _date_of(version)
    listed = next((methods for first, methods in reversed(lists) if dated >= first), lists[0][1])
    return [Endpoint(method, path) for path, methods in listed.items() for method in sorted(methods)]


def supports_ever(endpoint: Endpoint) -> bool:
    """Return whether jobs of any version and channel may call the endpoint."""
    return any(supports(f"{first}.preview", endpoint, channel) for channel, lists in LISTS.items() for first, _ in lists)


def _date_of(version: str) -> str:
    """Return the date of a version, NEWEST where it has none."""
    written = _WRITTEN.fullmatch(version)
    try:
        return date.fromisoformat(written[1]).isoformat() if written else NEWEST
    except ValueError:
        return NEWEST


def _shape(path: str) -> str:
    """The path with its placeholders made alike."""
    return "/".join(":" if segment.startswith(":") else segment for segment in path.split("/"))
