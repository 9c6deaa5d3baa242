"""What 6DOT50 would have accepted, where its answer does not say so."""

from __future__ import annotations

from collections.abc import Iterator

from emulator.sdk import Request, Transaction, form_instead_of_json, format_instant
from emulator.vendors.sixdot50.bodies import properties
from emulator.vendors.sixdot50.model import Token
from emulator.vendors.sixdot50.shapes import misshapen
from emulator.vendors.sixdot50.tokens import bearer


def advise(tx: Transaction, request: Request, answer: str) -> Iterator[str]:
    """A token that is not taken is one that expired, or that this world never gave out. Evidence: 6dot50-auth-4.

    A body that cannot be read may be a form, or have fields of another type.
    """
    if answer in ("unreadable", "other_media_type"):
        yield from form_instead_of_json(request, "6DOT50")
    if answer == "other_media_type" and properties(request) is not None:
        yield "the body is JSON: send the header Content-Type: application/json with it (curl -d alone names a form)"
    if answer in ("unreadable", "invalid"):
        yield from misshapen(request)
    token = bearer(request)
    if answer != "bad_token" or token is None:
        return
    known: Token | None = tx.find(Token.kind, token)
    if known is None:
        yield "this world gave out no such token: getToken gives one"
    elif known.expires_at <= tx.now:
        yield f"the token expired at {format_instant(known.expires_at)}: getToken gives another"
