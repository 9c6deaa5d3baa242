"""Destinations: buckets of the client's own, to which result sets are uploaded."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, NamedTuple

from emulator.kernel.machine import ABSENT, SAME, Machine, On, Row, View
from emulator.kernel.transaction import Transaction
from emulator.vendors.serpwow.assumptions import UNKNOWN_BATCH
from emulator.vendors.serpwow.bodies import Unfit, flag, one_of, text
from emulator.vendors.serpwow.ids import fresh_code
from emulator.vendors.serpwow.listing import WantedPage, page_wanted
from emulator.vendors.serpwow.model import SELF, Batch, Destination, Platform
from emulator.vendors.serpwow.received import parameters_of
from emulator.vendors.serpwow.refusals import unfit
from emulator.vendors.vendor import Answer, Call

DESTINATIONS_LIMIT = 50
"""Destinations in an account. Evidence: serpwow-destinations-2."""

TYPES = ("s3", "s3compatible", "gcs", "azure", "oss")
NEEDED = {"s3": ("s3_access_key_id", "s3_secret_access_key", "s3_bucket_name")}
"""The settings without which a type cannot be. Evidence: serpwow-destinations-1."""

COMMON = ("name", "type", "enabled")
PAGE_SIZE = 10


class DestinationsPage(NamedTuple):
    """One page of the destinations that were asked for."""

    wanted: WantedPage
    total: int
    destinations: list[Destination]


def there_are_too_many(view: View, _: Destination | None) -> bool:
    return view.size(Destination.kind) >= DESTINATIONS_LIMIT


CREATE, UPDATE, DELETE = "create", "update", "delete"

DESTINATION = Machine(
    kind=Destination.kind,
    states=("kept",),
    commands=(CREATE, UPDATE, DELETE),
    waits=(),
    rows=(
        Row(ABSENT, On(CREATE), SAME, "too_many_destinations", None, "serpwow-destinations-2", there_are_too_many),
        Row(ABSENT, On(CREATE), "kept", "destination", None, "serpwow-destinations-1"),
        Row("kept", On(CREATE), SAME, "destination", None, "serpwow-create-3"),
        Row("kept", On(UPDATE), SAME, "destination", None, "serpwow-destinations-3"),
        Row(ABSENT, On(UPDATE), SAME, "unknown_destination", None, "serpwow-destinations-7"),
        Row("kept", On(DELETE), ABSENT, "destination_deleted", None, "serpwow-destinations-4"),
        Row(ABSENT, On(DELETE), SAME, "unknown_destination", None, "serpwow-destinations-7"),
    ),
    entry=("kept",),
)


def create_destination(tx: Transaction, call: Call) -> Answer:
    id = fresh_code(tx, Destination.kind)
    try:
        written = parameters_of(tx, call)
        for name in COMMON:
            if name not in written:
                raise Unfit(f"{name} is required", "serpwow-destinations-1")
        made = _changed(tx, Destination(id, tx.now, "", "s3", True), written)
    except Unfit as reason:
        return unfit(reason)
    return Answer.of(tx.ask(DESTINATION, id, CREATE, new=made))


def update_destination(tx: Transaction, call: Call) -> Answer:
    answer = _ask(tx, call, UPDATE)
    if answer.name != "destination":
        return answer
    try:
        changed = _changed(tx, answer.subject, parameters_of(tx, call))
    except Unfit as reason:
        return unfit(reason)
    tx.put(changed)
    return answer._replace(subject=changed)


def delete_destination(tx: Transaction, call: Call) -> Answer:
    return _ask(tx, call, DELETE)


def list_destinations(tx: Transaction, call: Call) -> Answer:
    try:
        wanted = page_wanted(call.query, ("type", "name"), "name", PAGE_SIZE)
    except Unfit as reason:
        return unfit(Unfit(str(reason)))
    term = call.query.get("search_term", "").lower()
    found = [it for it in tx.all(Destination.kind) if term in it.name.lower()]
    found.sort(key=lambda it: (getattr(it, wanted.sort_by), it.id), reverse=wanted.descending)
    return Answer("destinations", "serpwow-destinations-5", DestinationsPage(wanted, len(found), wanted.cut(found)))


def show_destination(tx: Transaction, destination: Destination) -> dict[str, Any]:
    """A destination without its secrets."""
    shown = {"id": destination.id, "name": destination.name, "type": destination.type, "enabled": destination.enabled}
    open_settings = {name: value for name, value in destination.settings if not _is_secret(name)}
    used_by = [batch.id for batch in tx.group(Batch.kind, "destination", destination.id)]
    return {**shown, **open_settings, "used_by": used_by}


def _is_secret(name: str) -> bool:
    return re.search(r"secret|key|token|password|credential|connection", name) is not None


def _ask(tx: Transaction, call: Call, command: str) -> Answer:
    answer = Answer.of(tx.ask(DESTINATION, call.parameters["destination_id"], command))
    return answer._replace(assumption=UNKNOWN_BATCH.id) if answer.name == "unknown_destination" else answer


def _changed(tx: Transaction, old: Destination, written: Mapping[str, Any]) -> Destination:
    changed = replace(
        old,
        name=text("name", written.get("name", old.name)),
        type=one_of(TYPES)("type", written.get("type", old.type)),
        enabled=flag("enabled", written.get("enabled", old.enabled)),
        settings=tuple(sorted({**dict(old.settings), **_settings(written)}.items())),
    )
    for name in NEEDED.get(changed.type, ()):
        if name not in dict(changed.settings):
            raise Unfit(f"{name} is required", "serpwow-destinations-1")
    _try_an_upload(tx, changed)
    return changed


def _settings(written: Mapping[str, Any]) -> dict[str, str]:
    return {name: text(name, value) for name, value in written.items() if name not in COMMON}


def _try_an_upload(tx: Transaction, destination: Destination) -> None:
    """Evidence: serpwow-destinations-8."""
    platform = tx.find(Platform.kind, SELF)
    out_of_reach = platform.unreachable if platform else ()
    if destination.enabled and any(value in out_of_reach for _, value in destination.settings):
        raise Unfit("The test upload to the Destination failed", "serpwow-destinations-8")
