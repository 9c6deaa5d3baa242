"""Replies as people write them, in scenarios and on the control plane: read, and added to a world."""

from __future__ import annotations

from datetime import datetime, timedelta

from emulator.kernel.replies import ScriptedReply
from emulator.kernel.transaction import Transaction
from emulator.kernel.world import World
from emulator.scenario.calls import NO_SKEW, body_of, headers_of, rule_fields
from emulator.scenario.document import JsonObject

DURATIONS = ("for",)
"""The keys of a reply that say how long something lasts."""


def read_reply(fields: JsonObject, id: str, now: datetime, place: str = "", skew: timedelta = NO_SKEW) -> ScriptedReply:
    """Return the reply that has these fields, which fit the schema, added at this instant of the vendors, who are so far ahead.

    Raises:
        BadInput: it means nothing, and why.
    """
    rule, headers, body = rule_fields(fields, now, place, skew), headers_of(fields), body_of(fields)
    return ScriptedReply(id=id, **rule, code=fields["status"], headers=headers, body=body)


def add_reply(world: World, fields: JsonObject, place: str = "") -> ScriptedReply:
    """Add a reply that fits the schema to a world, under an id of its own.

    Raises:
        BadInput: it means nothing, and why.
    """
    with world.transaction("script a reply") as tx:
        return add_reply_to(tx, world, fields, place)


def add_reply_to(tx: Transaction, world: World, fields: JsonObject, place: str = "") -> ScriptedReply:
    """Add a reply to a world in a transaction that is open.

    Raises:
        BadInput: it means nothing, and why.
    """
    tx.mint("reply")
    reply = read_reply(fields, f"reply-{world.counters['reply']}", tx.now, place, world.clock.skew)
    tx.put(reply)
    return reply
