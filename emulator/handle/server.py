"""The server behind the handles: one in this process, whose socket opens when somebody asks for its URL, or one elsewhere."""

from __future__ import annotations

import os
from contextlib import ExitStack
from types import TracebackType
from typing import Any

import httpx
import orjson

from emulator.app import App
from emulator.kernel.errors import EmulatorError
from emulator.vendors.vendor import dump

CONTROL = "/_emulator"
HERE = "http://127.0.0.1"
TIMEOUT = 30.0


class Refused(EmulatorError):
    """The control plane refused something; the message is its reason."""


class EmulatorServer:
    """Gives out worlds. Without a URL it serves from this process; with one it steers the server there."""

    def __init__(self, url: str | None = None) -> None:
        self._exits = ExitStack()
        self.app: App | None = None
        self._url = url.rstrip("/") if url else None
        if self._url:
            self._client = httpx.Client(base_url=self._url, timeout=TIMEOUT, headers=_authorization())
        else:
            self.app = _new_app()
            self._client = httpx.Client(transport=_in_process(self.app), base_url=HERE)
        self._exits.enter_context(self._client)

    @property
    def url(self) -> str:
        """Where clients reach it. In this process, the first who asks makes it listen, on a port that the system chooses."""
        if self._url is None:
            from emulator.server import ThreadedServer

            assert self.app is not None  # noqa: S101  no URL was given, so it is ours
            self._url = self._exits.enter_context(ThreadedServer(self.app)).url
        return self._url

    def ask(self, method: str, path: str, body: Any = None) -> Any:
        """Asks the control plane and returns its JSON answer; None where there is none.

        Raises:
            Refused: it said no, and why.
        """
        reply = self._client.request(method, CONTROL + path, content=None if body is None else dump(body))
        if reply.is_success:
            return orjson.loads(reply.content) if reply.content else None
        try:
            detail = reply.json()["detail"]
        except (ValueError, KeyError, TypeError):
            detail = reply.text
        raise Refused(f"{method} {CONTROL}{path} answered {reply.status_code}: {detail}")

    def close(self) -> None:
        """Stops serving, if it did, and drops every connection."""
        self._exits.close()

    def __enter__(self) -> EmulatorServer:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()


def _new_app() -> App:
    from emulator.app import create_app, worlds_of

    return create_app(worlds_of([]))


def _in_process(app: App) -> httpx.BaseTransport:
    from emulator.handle.transport import InProcess

    return InProcess(app)


def _authorization() -> dict[str, str]:
    token = os.environ.get("EMULATOR_CONTROL_TOKEN")
    return {"Authorization": f"Bearer {token}"} if token else {}
