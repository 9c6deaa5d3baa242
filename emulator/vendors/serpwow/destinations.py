"""Destinations: buckets of the client's own, to which result sets are uploaded."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, NamedTuple

from emulator.sdk import ABSENT, SAME, Answer, Machine, On, Request, Row, Transaction, View
from emulator.vendors.serpwow.assumptions import UNKNOWN_BATCH
from emulator.vendors.serpwow.bodies import Unfit, flag, one_of, optional_text, text
from emulator.vendors.serpwow.ids import fresh_code, seven_letters
from emulator.vendors.serpwow.listing import WantedPage, about_the_end, page_wanted
from emulator.vendors.serpwow.model import Batch, Destination
from emulator.vendors.serpwow.oss_regions import OSS_REGIONS
from emulator.vendors.serpwow.received import parameters_of
from emulator.vendors.serpwow.refusals import unfit
from emulator.vendors.serpwow.uploads import is_out_of_reach

DESTINATIONS_LIMIT = 50
"""Destinations in an account. Evidence: serpwow-destinations-2."""


class Settings(NamedTuple):
    """The parameters of one type of destination: `credentials` and `needed` are required."""

    credentials: tuple[str, ...]
    needed: tuple[str, ...]
    optional: tuple[str, ...]

    @property
    def required(self) -> tuple[str, ...]:
        return (*self.credentials, *self.needed)


S3_KEYS = ("s3_access_key_id", "s3_secret_access_key")
SETTINGS = {
    "s3": Settings(S3_KEYS, ("s3_bucket_name",), ("s3_path_prefix",)),
    "s3compatible": Settings(S3_KEYS, ("s3_bucket_name", "s3_endpoint"), ("s3_path_prefix", "s3_region")),
    "gcs": Settings(("gcs_access_key", "gcs_secret_key"), ("gcs_bucket_name",), ("gcs_path_prefix",)),
    "azure": Settings(("azure_account_name", "azure_account_key"), ("azure_container_name",), ("azure_path_prefix",)),
    "oss": Settings(("oss_access_key", "oss_secret_key"), ("oss_bucket_name", "oss_region_id"), ("oss_path_prefix",)),
}
"""The parameters that apply to each type. Evidence: serpwow-destinations-9."""

TYPES = tuple(SETTINGS)

READ = {"oss_region_id": one_of(OSS_REGIONS)}
"""Parameter → reader, for parameters that take certain values only. Evidence: serpwow-destinations-15 and serpwow-body-7."""

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
    timers=(),
    rows=(
        Row(ABSENT, On(CREATE), SAME, "too_many_destinations", None, "serpwow-destinations-2", there_are_too_many),
        Row(ABSENT, On(CREATE), "kept", "destination", None, "serpwow-destinations-1"),
        Row("kept", On(CREATE), SAME, "destination", None, "serpwow-create-3"),
        Row("kept", On(UPDATE), SAME, "destination_details", None, "serpwow-destinations-12"),
        Row(ABSENT, On(UPDATE), SAME, "unknown_destination", None, "serpwow-destinations-7"),
        Row("kept", On(DELETE), ABSENT, "destination_deleted", None, "serpwow-destinations-4"),
        Row(ABSENT, On(DELETE), SAME, "unknown_destination", None, "serpwow-destinations-7"),
    ),
    entry=("kept",),
)


def create_destination(tx: Transaction, request: Request) -> Answer:
    id = fresh_code(tx, Destination.kind, form=seven_letters)
    try:
        written = parameters_of(tx, request)
        for name in COMMON:
            if name not in written:
                raise Unfit(f"{name} is required", "serpwow-destinations-1")
        made = _changed(Destination(id, tx.now, "", "", False), written)
        _try_an_upload(tx, made, enabled=made.enabled)
    except Unfit as reason:
        return unfit(reason)
    return Answer.of(tx.ask(DESTINATION, id, CREATE, new=made))


def update_destination(tx: Transaction, request: Request) -> Answer:
    answer = _ask(tx, request, UPDATE)
    if answer.name != "destination_details":
        return answer
    old: Destination = answer.subject
    try:
        changed = _changed(old, parameters_of(tx, request))
        _try_an_upload(tx, changed, enabled=changed.enabled and not old.enabled, had=old)
    except Unfit as reason:
        return unfit(reason)
    tx.put(changed)
    return answer._replace(subject=changed)


def delete_destination(tx: Transaction, request: Request) -> Answer:
    return _ask(tx, request, DELETE)


def list_destinations(tx: Transaction, request: Request) -> Answer:
    try:
        wanted = page_wanted(request.query, ("type", "name"), "name", PAGE_SIZE)
    except Unfit as reason:
        return unfit(Unfit(str(reason)))
    term = request.query.get("search_term", "").lower()
    found = [it for it in tx.all(Destination.kind) if term in it.name.lower()]
    found.sort(key=lambda it: (getattr(it, wanted.sort_by), it.id), reverse=wanted.descending)
    page = DestinationsPage(wanted, len(found), wanted.cut(found))
    try:
        beyond = about_the_end(wanted, page.total, tx)
    except Unfit as reason:
        return unfit(reason)
    return Answer("destinations", "serpwow-destinations-5", page, beyond, tuple(_facts_of(page, request)))


def _facts_of(page: DestinationsPage, request: Request) -> Iterator[str]:
    """The facts behind what is ours of a list."""
    if "search_term" in request.query or ("sort_by" not in request.query and page.total > 1):
        yield "serpwow-destinations-13"
    if any(it.type != "s3" for it in page.destinations):
        yield "serpwow-destinations-14"


def show_destination(view: View, destination: Destination) -> dict[str, Any]:
    """A destination without its secrets, in the order of the printed sample. Evidence: serpwow-destinations-5."""
    return {
        "id": destination.id,
        "name": destination.name,
        "type": destination.type,
        "enabled": destination.enabled,
        "used_by": view.size(Batch.kind, "destination", destination.id),
        **{name: value for name, value in destination.settings if not _is_secret(name)},
    }


def _is_secret(name: str) -> bool:
    return re.search(r"secret|key|token|password|credential|connection", name) is not None


def _ask(tx: Transaction, request: Request, command: str) -> Answer:
    answer = Answer.of(tx.ask(DESTINATION, request.parameters["destination_id"], command))
    return answer._replace(assumption=UNKNOWN_BATCH.id) if answer.name == "unknown_destination" else answer


def _changed(old: Destination, written: Mapping[str, Any]) -> Destination:
    type = one_of(TYPES)("type", written.get("type", old.type))
    return replace(
        old,
        name=text("name", written.get("name", old.name)),
        type=type,
        enabled=flag("enabled", written.get("enabled", old.enabled)),
        settings=tuple(sorted(_settings(old, type, written).items())),
    )


def _settings(old: Destination, type: str, written: Mapping[str, Any]) -> dict[str, str]:
    """The parameters that apply to the type, those of the old one where it stays; those of other types are ignored."""
    applying = SETTINGS[type]
    kept = {name: value for name, value in old.settings if type == old.type or name in applying.required + applying.optional}
    read = {name: READ.get(name, text)(name, written[name]) for name in applying.required if name in written}
    optional = {name: optional_text(name, written[name]) for name in applying.optional if name in written}
    missing = [name for name in applying.required if name not in kept | read]
    if missing and type != old.type:
        raise Unfit(f"{missing[0]} is required", "serpwow-destinations-9")
    return {name: value for name, value in (kept | read | optional).items() if value is not None}


def _try_an_upload(tx: Transaction, destination: Destination, enabled: bool, had: Destination | None = None) -> None:
    """Tries a destination that is enabled by this call, or whose credentials it changes. Evidence: serpwow-destinations-8.

    Raises:
        Unfit: the upload failed.
    """
    before, now = dict(had.settings if had else destination.settings), dict(destination.settings)
    changed = any(before.get(name) != now.get(name) for name in SETTINGS[destination.type].credentials)
    if (enabled or changed) and is_out_of_reach(tx, destination):
        raise Unfit("The test upload to the Destination failed", "serpwow-destinations-8")
