"""The destinations to which a result set is uploaded, and the uploads that fail."""

from __future__ import annotations

from typing import NamedTuple

from emulator.sdk import View
from emulator.vendors.serpwow.model import SELF, Batch, Destination, Platform


class Uploads(NamedTuple):
    """The ids of the destinations that got a result set, and of those that it could not be uploaded to."""

    done: tuple[str, ...] = ()
    failed: tuple[str, ...] = ()


def is_out_of_reach(view: View, destination: Destination) -> bool:
    """Tell whether an upload fails, because a setting (a bucket, say) is among those that the platform does not reach."""
    platform = view.find(Platform.kind, SELF)
    return platform is not None and any(value in platform.unreachable for _, value in destination.settings)


def uploads_of(view: View, batch: Batch) -> Uploads:
    """Return the uploads of a batch's next result set: none to destinations that are disabled or do not exist.

    Evidence: serpwow-destinations-10 and serpwow-destinations-11.
    """
    found = (view.find(Destination.kind, id) for id in dict.fromkeys(batch.destination_ids))
    enabled = [it for it in found if it is not None and it.enabled]
    failed = tuple(it.id for it in enabled if is_out_of_reach(view, it))
    return Uploads(tuple(it.id for it in enabled if it.id not in failed), failed)
