"""The operations of Acme: an address, and the function that carries it out."""

from acme_batches.machine import BATCH
from acme_batches.model import Batch
from emulator.sdk import Answer, Handler, InvalidRequest, Operation, Request, Transaction


def create(tx: Transaction, request: Request) -> Answer:
    try:
        name = request.json["name"]
    except (ValueError, KeyError, TypeError):
        raise InvalidRequest("name is missing", "acme-create-3", place="name") from None
    id = request.parameters["id"]
    return tx.ask(BATCH, id, "create", new=Batch(id, tx.now, tx.now, str(name)))


def ask(command: str) -> Handler:
    """Give the batch in the path a command."""
    return lambda tx, request: tx.ask(BATCH, request.parameters["id"], command)


OPERATIONS = (
    Operation("acme.batches.create", "PUT", "/batches/{id}", create),
    Operation("acme.batches.get", "GET", "/batches/{id}", ask("get")),
    Operation("acme.batches.cancel", "POST", "/batches/{id}/cancel", ask("cancel")),
)
