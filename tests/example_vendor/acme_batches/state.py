"""The state of Acme in scenario files: `given: {acme: {batches: [...]}}`."""

from collections.abc import Iterator
from typing import Any

from acme_batches.machine import BATCH
from acme_batches.model import Batch
from emulator.sdk import PAST, TEXT, Problem, Transaction, View, dump_fields, load_fields, many_of, one_of, replace

FIELDS = {"id": TEXT, "name": TEXT, "status": one_of(*BATCH.states), "created_at": PAST, "since": PAST}
SCHEMA = {"type": "object", "properties": {"batches": many_of(FIELDS)}, "additionalProperties": False}


class AcmeState:
    schema = SCHEMA
    quantities = frozenset[str]()

    def validate(self, fragment: Any) -> Iterator[Problem]:
        for place, written in enumerate(fragment.get("batches", ())):
            if "id" not in written:
                yield Problem("id is missing: name the batch", ("batches", place))

    def load(self, view: View, fragment: Any) -> Iterator[Batch]:
        for place, written in enumerate(fragment.get("batches", ())):
            known = view.find(Batch, written["id"]) or Batch(written["id"], view.now, view.now)
            yield replace(known, **load_fields(FIELDS, written, view.now, "batches", place))

    def dump(self, view: Transaction) -> dict[str, Any]:
        return {"batches": [dump_fields(FIELDS, batch) for batch in view.group(Batch)]}
