"""What SerpWow would have read or accepted, where its answer does not say so."""

from __future__ import annotations

from collections.abc import Iterator

from emulator.kernel.transaction import Transaction
from emulator.vendors.forms import MULTIPART, form_instead_of_json
from emulator.vendors.serpwow.bodies import is_form
from emulator.vendors.vendor import Call


def advise(_tx: Transaction, call: Call, answer: str) -> Iterator[str]:
    """A body that is JSON is not read where it is sent as a form, which curl does by itself. Evidence: serpwow-body-1.

    A form in several parts is not read at all.
    """
    if answer == "unfit":
        yield from form_instead_of_json(call, "SerpWow", (MULTIPART,))
    if is_form(call) and call.body.lstrip()[:1] in (b"{", b"["):
        yield f"the body was read as a form: its content type is {call.headers['content-type']}, and it looks like JSON"
