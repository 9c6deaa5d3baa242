"""The media type of what clients write: bodies are JSON, and should say so."""

from __future__ import annotations

from emulator.sdk import Answer, Handler, Request, Transaction
from emulator.vendors.sixdot50.assumptions_of_calls import MISSING_MEDIA_TYPE, OTHER_MEDIA_TYPE
from emulator.vendors.sixdot50.grounds import resting

JSON = "application/json"
"""The media type of every request. Evidence: 6dot50-media-2."""


def reads_json(act: Handler) -> Handler:
    """Return the same operation, which refuses a body of another media type where that is assumed."""

    def act_on_json(tx: Transaction, request: Request) -> Answer:
        sent = media_type(request)
        if not request.body or sent == JSON:
            return act(tx, request)
        decided = OTHER_MEDIA_TYPE if sent else MISSING_MEDIA_TYPE
        if tx.choice(decided.id) != "read":
            return resting(tx, Answer("other_media_type", "6dot50-media-3", assumption=decided.id))
        answer = act(tx, request)
        return answer._replace(assumption=answer.assumption or decided.id)

    return act_on_json


def media_type(request: Request) -> str:
    """Return the content type in small letters, without its parameters; empty where there is none."""
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()
