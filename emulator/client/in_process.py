"""A client of an application in this process, with a judge of every response."""

from __future__ import annotations

from emulator.client.connections import ask, is_whole, shortfall
from emulator.contract.validator import ResponseValidator
from emulator.scenario.client import Headers, NoResponse, ReceivedResponse, completed
from emulator.server.app import create_app, worlds_of
from emulator.vendors import VENDORS
from emulator.web.connection import App, ConnectionCut

HOST = "127.0.0.1:8080"
READ_TIMEOUT = 5.0
"""Seconds of silence that it bears."""


class InProcessClient:
    """A client of an application of its own, or of the one given; nothing listens anywhere."""

    def __init__(self, app: App | None = None) -> None:
        self._app = app or create_app(worlds_of([]), validate=ResponseValidator(VENDORS.values()))

    def send(self, method: str, target: bytes, headers: Headers = (), content: bytes | None = None) -> ReceivedResponse:
        """Send a request to a path with its query, and return the whole response.

        Raises:
            NoResponse: none came back.
        """
        headers = completed(method, headers, content, HOST)
        try:
            answer = ask(self._app, method, target, headers, content or b"", read_timeout=READ_TIMEOUT)
        except ConnectionCut as cut:
            raise NoResponse(str(cut)) from None
        if answer.cut is not None and not is_whole(answer):
            raise NoResponse(f"{answer.cut} ({shortfall(answer)})")
        return ReceivedResponse(answer.status, answer.headers, answer.content)
