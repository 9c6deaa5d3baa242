"""Content negotiation (RFC 9110, 12.5.1): the media type that a client prefers, of those that there are."""

from __future__ import annotations

from collections.abc import Iterator, Sequence


def preferred(accept: str | None, offered: Sequence[str]) -> str:
    """The media type of these that an Accept header gives the highest weight, the first of several.

    Of equal weights, that of a type that is named counts more than that of a wildcard. Without a header, and where it
    takes none of them, it is the first.
    """
    ranges = list(_ranges(accept or "*/*"))
    return max(offered, key=lambda media: _weight(media, ranges))


def _ranges(accept: str) -> Iterator[tuple[str, float]]:
    """Each range of an Accept header with its weight. Parameters but the weight are overlooked."""
    for part in accept.split(","):
        media, *parameters = (it.strip().lower() for it in part.split(";"))
        weight = 1.0
        for parameter in parameters:
            name, _, value = parameter.partition("=")
            weight = _number(value) if name.strip() == "q" else weight
        if media:
            yield media, weight


def _weight(media: str, ranges: Sequence[tuple[str, float]]) -> tuple[float, int]:
    """The weight of the most specific range that a media type fits, and how specific that is; 0 and 0 where it is refused."""
    for specific, wanted in ((2, media), (1, f"{media.partition('/')[0]}/*"), (0, "*/*")):
        weights = [weight for it, weight in ranges if it == wanted]
        if weights:
            return max(weights), specific if max(weights) else 0
    return 0.0, 0


def _number(text: str) -> float:
    """A weight between 0 and 1; one that is no number counts as 0, for nobody can tell what it asks."""
    try:
        weight = float(text)
    except ValueError:
        return 0.0
    return weight if 0 <= weight <= 1 else 0.0
