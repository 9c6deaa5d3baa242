"""The responses of Acme: one renderer for each answer."""

from acme_batches.model import Batch
from emulator.sdk import Renderer, Request, Response, Transaction, instant, reason_phrase


def batch(status: int) -> Renderer:
    def render(_tx: Transaction, _request: Request, batch: Batch) -> Response:
        body = {"id": batch.id, "name": batch.name, "status": batch.status, "created_at": instant(batch.created_at)}
        return Response(status, body)

    return render


def error(status: int, message: str = "") -> Renderer:
    """Render a refusal with this message, or with the subject of the answer."""
    return lambda _tx, _request, subject: Response(status, {"error": message or subject})


def failure_response(_tx: Transaction, _request: Request, status: int) -> Response:
    return Response(status, {"error": reason_phrase(status)})


RENDERERS = {
    "created": batch(201),
    "batch": batch(200),
    "not_found": error(404, "There is no such batch"),
    "too_late": error(409, "The batch cannot be canceled any more"),
    "invalid": error(400),
    "unauthorized": error(401, "The key is missing or wrong"),
    "no_such_path": error(404, "There is no such path"),
}
