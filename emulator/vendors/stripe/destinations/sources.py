"""The accounts whose events go to a destination, in the spelling of each version. Evidence: stripe-destination-15."""

from __future__ import annotations

from collections.abc import Iterable

from emulator.vendors.stripe.model.versions import has_new_sources

SOURCES = ("@self", "@accounts", "@organization_members", "@organization_members/@accounts")
FORMER = {"self": "@self", "other_accounts": "@accounts"}
"""From each value that versions before 2026-03-25 know to its present spelling."""

_IN_FORMER_VERSIONS = {new: old for old, new in FORMER.items()}


def is_source(text: str, version: str) -> bool:
    """Return whether a request of this version may name the source so; the former values are taken in every version."""
    return text in FORMER or (text in SOURCES and has_new_sources(version))


def read_sources(written: Iterable[str]) -> tuple[str, ...]:
    """Return sources in their present spelling."""
    return tuple(FORMER.get(it, it) for it in written)


def show_sources(sources: Iterable[str], version: str) -> list[str]:
    """Return sources as answers of this version spell them. Evidence: stripe-destination-17."""
    return [*sources] if has_new_sources(version) else [_IN_FORMER_VERSIONS.get(it, it) for it in sources]
