"""Hints on how a SerpWow request was read, where its answer does not tell."""

from __future__ import annotations

from collections.abc import Iterator

from emulator.sdk import MULTIPART, Request, Transaction, form_instead_of_json
from emulator.vendors.serpwow.received import FORM, JSON_BEGINS, media_type


def advise(_tx: Transaction, request: Request, answer: str) -> Iterator[str]:
    """Tell why a body was refused: a form in several parts is not read, and JSON is never a form.

    JSON is read as such also where its content type is that of a form.
    """
    if answer != "unfit":
        return
    yield from form_instead_of_json(request, "SerpWow", (MULTIPART,))
    if media_type(request) == FORM and request.body.lstrip().startswith(JSON_BEGINS):
        yield f"the body was read as JSON, since it begins so, though its content type is {FORM}"
