"""The credential of a request, and whether it is good."""

from collections.abc import Sequence

from emulator.sdk import Answer, Operation, Request, Transaction


def credential(request: Request) -> str | None:
    return request.headers.get("x-acme-key")


def admit(tx: Transaction, request: Request, _operation: Operation) -> Answer | None:
    return None if tx.accepts("acme", credential(request)) else Answer("unauthorized", "acme-auth-1")


def unmatched(_tx: Transaction, _request: Request, _verbs: Sequence[str]) -> Answer:
    return Answer("no_such_path", "acme-path-1")
