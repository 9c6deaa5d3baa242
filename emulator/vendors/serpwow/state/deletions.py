"""The parts of SerpWow's state that somebody else can delete."""

from __future__ import annotations

from emulator.sdk import Deletable
from emulator.vendors.serpwow.destinations.machine import forget_destination
from emulator.vendors.serpwow.destinations.model import Destination
from emulator.vendors.serpwow.machine.effects import refund_if_queued
from emulator.vendors.serpwow.model.account import ErrorLog
from emulator.vendors.serpwow.model.batches import Batch

ID_OR_NAME = {"id": "id", "name": "name"}
DELETABLE = {
    "batches": Deletable(Batch, ID_OR_NAME, refund_if_queued),
    "destinations": Deletable(Destination, ID_OR_NAME, forget_destination),
    "error_logs": Deletable(ErrorLog),
}
