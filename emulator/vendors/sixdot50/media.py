"""The media type of what clients write: bodies are JSON, and should say so."""

from __future__ import annotations

from emulator.kernel.transaction import Transaction
from emulator.sdk.vendor import Act, Answer, Call
from emulator.vendors.sixdot50.assumptions_of_calls import MISSING_MEDIA_TYPE, OTHER_MEDIA_TYPE
from emulator.vendors.sixdot50.grounds import resting

JSON = "application/json"
"""The media type of every request. Evidence: 6dot50-media-2."""


def reads_json(act: Act) -> Act:
    """Return the same operation, which refuses a body of another media type where that is assumed."""

    def act_on_json(tx: Transaction, call: Call) -> Answer:
        sent = media_type(call)
        if not call.body or sent == JSON:
            return act(tx, call)
        decided = OTHER_MEDIA_TYPE if sent else MISSING_MEDIA_TYPE
        if tx.choice(decided.id) != "read":
            return resting(tx, Answer("other_media_type", "6dot50-media-3", assumption=decided.id))
        answer = act(tx, call)
        return answer._replace(assumption=answer.assumption or decided.id)

    return act_on_json


def media_type(call: Call) -> str:
    """Return the content type in small letters, without its parameters; empty where there is none."""
    return call.headers.get("content-type", "").partition(";")[0].strip().lower()
