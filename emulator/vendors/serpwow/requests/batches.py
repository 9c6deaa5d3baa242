"""The batch that the parameters of Create and Update make."""

from __future__ import annotations

from emulator.sdk import Answer, Assumption, JsonObject, Transaction, replace, structs
from emulator.vendors.serpwow.assumptions.lifecycle import SCHEDULE_CHANGE
from emulator.vendors.serpwow.assumptions.requests import HOURLY_SCHEDULE, INCOMPLETE_SCHEDULE, UNKNOWN_DESTINATION
from emulator.vendors.serpwow.assumptions.searches import (
    DETECTED_TYPE,
    LOCKED_TYPE,
    UNKNOWN_ENGINE,
    UNKNOWN_PARAMETER,
    UNKNOWN_TYPE,
)
from emulator.vendors.serpwow.destinations.model import find_destination
from emulator.vendors.serpwow.model.batches import PARTS, Batch
from emulator.vendors.serpwow.model.schedules import TYPES, Schedule
from emulator.vendors.serpwow.model.searches import MIXED
from emulator.vendors.serpwow.requests.searches import (
    check_searches,
    is_unlisted_type,
    names_unknown,
    names_unknown_engine,
    names_unlisted,
    read_searches,
    read_searches_type,
)
from emulator.vendors.serpwow.requests.validation import PARAMETERS, invalid, read_parameters

HOURLY = "hourly"
"""A schedule_type that pages mention without a value for it. Evidence: serpwow-schedule-8."""


def change_batch(tx: Transaction, batch: Batch, parameters: JsonObject) -> Batch:
    """Return a batch with these parameters.

    Raises:
        InvalidRequest: a value is not valid, or the batch could not have it.
    """
    values = read_parameters(_with_hourly_as_minutes(tx, parameters))
    batch = _without_former_schedule(tx, batch, values)
    for part, prefix in PARTS.items():
        names = [name for name in values if name.startswith(prefix)]
        values[part] = structs.replace(getattr(batch, part), **{name.removeprefix(prefix): values.pop(name) for name in names})
    changed = replace(batch, **values)
    if batch.status == "queued" and changed.priority != batch.priority:
        raise invalid("priority cannot be changed while a Batch is queued", "serpwow-update-4")
    if "searches_type" in parameters:
        changed = _with_type(tx, changed, read_searches_type(tx, parameters["searches_type"]))
    if "searches" in parameters:
        used = {search.id for search in changed.searches}
        new = list(read_searches(tx, parameters["searches"], used))
        changed = replace(changed, searches=changed.searches.with_more(new))
        check_searches(tx, changed, changed.searches, new)
    _check_assumptions(tx, changed, parameters)
    return changed


def assumption_of(parameters: JsonObject, *, is_search: bool = False) -> Assumption | None:
    """Return the assumption by which these valid parameters, of a batch or of a search, were accepted, or None."""
    if parameters.get("schedule_type") == HOURLY:
        return HOURLY_SCHEDULE
    if names_unknown_engine(parameters):
        return UNKNOWN_ENGINE
    searches = parameters.get("searches", (parameters,) if is_search else ())
    if names_unlisted(searches) or is_unlisted_type(str(parameters.get("searches_type", MIXED))):
        return UNKNOWN_TYPE
    return UNKNOWN_PARAMETER if names_unknown(searches) else None


def with_unread(answer: Answer, parameters: JsonObject) -> Answer:
    """Return the answer with the fact by which parameters of a batch were passed over, if some were."""
    return answer.resting_on(("serpwow-body-2",)) if parameters.keys() - PARAMETERS else answer


def _with_hourly_as_minutes(tx: Transaction, parameters: JsonObject) -> JsonObject:
    if parameters.get("schedule_type") != HOURLY:
        return parameters
    if tx.choice(HOURLY_SCHEDULE) == "refuse":
        raise invalid(f"schedule_type must be one of {', '.join(TYPES)}", "serpwow-schedule-8", HOURLY_SCHEDULE)
    return {**parameters, "schedule_type": "minutes", "schedule_minutes": "every_hour"}


def _without_former_schedule(tx: Transaction, batch: Batch, values: JsonObject) -> Batch:
    """Return the batch as its parameters find it: with or without a schedule of another type. Evidence: serpwow-schedule-10."""
    old = batch.schedule
    if values.get("schedule_type", old.type) == old.type or not any(f"schedule_{it}" not in values for it in old.named):
        return batch
    return batch if tx.choice(SCHEDULE_CHANGE) == "kept" else replace(batch, schedule=Schedule())


def _with_type(tx: Transaction, batch: Batch, type: str) -> Batch:
    """Return the batch, locked to the type if it is new; a lock never changes, and none can be added."""
    if tx.find(Batch, batch.id) is None:
        return replace(batch, locked_type=None if type == MIXED else type)
    if type == (batch.locked_type or MIXED):
        return batch
    message = "searches_type cannot be changed after creation"
    if type == batch.searches_type:
        if tx.choice(DETECTED_TYPE) == "refuse":
            raise invalid(message, "serpwow-types-16", DETECTED_TYPE)
    elif tx.choice(LOCKED_TYPE) == "enforced":
        raise invalid(message, "serpwow-types-9", LOCKED_TYPE)
    return batch


def _check_assumptions(tx: Transaction, batch: Batch, parameters: JsonObject) -> None:
    """Refuse what parameters that were sent leave open, where that is assumed to be refused."""
    is_scheduled = any(name.startswith(PARTS["schedule"]) for name in parameters)
    if is_scheduled and not batch.schedule.complete and tx.choice(INCOMPLETE_SCHEDULE) == "refuse":
        message = f"schedule_type {batch.schedule.type} needs more scheduling parameters"
        raise invalid(message, "serpwow-schedule-4", INCOMPLETE_SCHEDULE)
    if "destination_ids" in parameters and tx.choice(UNKNOWN_DESTINATION) == "refuse":
        for id in batch.destination_ids:
            if find_destination(tx, batch.owner, id) is None:
                raise invalid(f"Destination with ID '{id}' was not found", "serpwow-destinations-6", UNKNOWN_DESTINATION)
