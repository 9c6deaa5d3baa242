"""Uploads of result sets to the destinations of a batch, as deliveries: which files lie where, or why none do."""

from __future__ import annotations

from collections.abc import Iterator

from emulator.sdk import JsonDict, View, dump, pattern
from emulator.vendors.serpwow.destinations.machine import is_unreachable
from emulator.vendors.serpwow.destinations.model import SETTINGS, Destination, find_destination
from emulator.vendors.serpwow.model.batches import Batch, ResultSet
from emulator.vendors.serpwow.responses.links import notified_links
from emulator.vendors.serpwow.webhooks import PLACE, UPLOAD, ResultDelivery, formats_of, new_delivery

DISABLED, UNREACHABLE = "its destination is disabled", "its destination is not reached, as the platform's unreachable says"
TOKEN = pattern(r"%(?:BATCH_ID|BATCH_NAME|RESULT_SET_ID|DATE)%")


def uploads_of(view: View, batch: Batch, result_set: ResultSet) -> Iterator[ResultDelivery]:
    """Yield the upload of a new result set to each destination of its batch, done or dropped.

    Evidence: serpwow-destinations-10 and serpwow-destinations-11.
    """
    for id in dict.fromkeys(batch.destination_ids):
        if destination := find_destination(view, batch.owner, id):
            because = _obstacle(view, destination)
            yield new_delivery(
                view,
                UPLOAD,
                batch,
                result_set,
                "" if because else dump(_upload(view, batch, result_set, destination)).decode(),
                destination=destination.id,
                because=because,
                status="dropped" if because else "collected",
            )


def _obstacle(view: View, destination: Destination) -> str | None:
    if not destination.enabled:
        return DISABLED
    return UNREACHABLE if is_unreachable(view, destination) else None


def _upload(view: View, batch: Batch, result_set: ResultSet, destination: Destination) -> JsonDict:
    """Return the type of a destination, its bucket, and each file there with a link to its bytes.

    Evidence: serpwow-destinations-21 and serpwow-destinations-22.
    """
    settings = dict(destination.settings)
    shown = {name: settings[name] for name in SETTINGS[destination.type].needed if name in settings}
    folder = _folder(view, batch, result_set, settings.get(SETTINGS[destination.type].path_prefix, ""))
    links = [notified_links(view, PLACE, batch, result_set, name) for name in formats_of(batch) or ["json"]]
    files = [link for it in links for link in (it["all_pages"], *it["pages"])]
    return {"type": destination.type, **shown, "files": {folder + it.rpartition("/")[2]: it for it in files}}


def _folder(view: View, batch: Batch, result_set: ResultSet, prefix: str) -> str:
    """Return a path prefix with what stands for its tokens. Evidence: serpwow-destinations-21."""
    values = {
        "%BATCH_ID%": batch.id,
        "%BATCH_NAME%": batch.name,
        "%RESULT_SET_ID%": str(result_set.id),
        "%DATE%": f"{view.now:%Y_%m_%d}",
    }
    folder = TOKEN.sub(lambda token: values[token[0]], prefix).strip("/")
    return f"{folder}/" if folder else ""
