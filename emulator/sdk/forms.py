"""Advice on bodies that are sent as forms to a vendor that reads JSON."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from emulator.sdk.request import Request

ENCODED = "application/x-www-form-urlencoded"
MULTIPART = "multipart/form-data"


def form_instead_of_json(request: Request, api: str, forms: Collection[str] = (ENCODED, MULTIPART)) -> Iterator[str]:
    """Yield advice where the body is one of these forms and no JSON; curl calls JSON a form, too, and it is read."""
    if request.media_type not in forms or not request.body:
        return
    try:
        _ = request.json
    except ValueError:
        yield f"the body is a form (Content-Type: {request.media_type}), and {api} takes JSON: send it as application/json"
