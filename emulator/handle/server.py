"""The server behind the handles: one in this process, whose socket opens when somebody asks for its URL, or one elsewhere."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import ExitStack
from threading import Lock
from types import TracebackType
from typing import Any

import orjson

from emulator.app import App, create_app, worlds_of
from emulator.collector import at_rest
from emulator.environment import env
from emulator.handle.direct import Answered, ask
from emulator.handle.written import read, written
from emulator.kernel.errors import EmulatorError
from emulator.web.held import HeldRequests

CONTROL = "/_emulator"

Send = Callable[[str, str, bytes], Answered]
"""From method, path and body to what was answered."""


class Refused(EmulatorError):
    """The control plane refused something; the message is its reason. `status` is its answer's, None where there was none."""

    def __init__(self, reason: str, status: int | None = None) -> None:
        self.status = status
        super().__init__(reason)


class EmulatorServer:
    """Gives out worlds. Without a URL it serves from this process; with one it steers the server there.

    `seed` is that of the worlds that name none of their own, whose scenarios decide where it is None. `token` opens the
    control plane of the server there; left out, it is that of EMULATOR_CONTROL_TOKEN.
    """

    def __init__(self, url: str | None = None, *, seed: int | None = None, token: str | None = None) -> None:
        self.seed = seed
        self._token = token
        self._exits = ExitStack()
        self._lock = Lock()
        self._process = os.getpid()
        self._held = HeldRequests()
        self.app: App | None = None
        self._url: str | None = None
        self._send = self._there(url) if url and url.strip() else self._here()

    @property
    def url(self) -> str:
        """Where clients reach it. In this process, the first who asks makes it listen, on a port that the system chooses."""
        with self._lock:
            if self._url is None:
                self._url = self._listen()
            return self._url

    def _listen(self) -> str:
        self._stay_in_this_process()
        assert self.app is not None  # noqa: S101  no URL was given, so it is ours
        with at_rest():
            from emulator.server import ThreadedServer

            return self._exits.enter_context(ThreadedServer(self.app)).url

    def _stay_in_this_process(self) -> None:
        """A fork has a copy of the worlds, of which the clients of the original would know nothing."""
        if os.getpid() != self._process:
            raise Refused(f"this server lives in process {self._process}, which this one was forked from: ask it there")

    def ask(self, method: str, path: str, body: Any = None) -> Any:
        """Asks the control plane and returns its JSON answer; None where there is none.

        Raises:
            Refused: it said no, and why; or nobody answered.
        """
        answered = self._send(method, CONTROL + path, b"" if body is None else written(body))
        if answered.status < 300:
            return read(answered.content) if answered.content else None
        asked = f"{method} {CONTROL}{path} was answered {answered.status}"
        raise Refused(f"{_reason(answered.content)} ({asked})", answered.status)

    def greet(self) -> None:
        """Makes sure that there is an emulator, and that it lets us in.

        Raises:
            Refused: there is none, or it does not.
        """
        if self.app is None and not self._is_an_emulator():
            raise Refused(f"what answers at {self._url!r} (--emulator-url, EMULATOR_URL) is no emulator")
        self.ask("GET", "/worlds/default/clock")

    def _is_an_emulator(self) -> bool:
        answered = self._send("GET", f"{CONTROL}/health", b"")
        try:
            return answered.status == 200 and orjson.loads(answered.content)["status"] == "ok"
        except (ValueError, KeyError, TypeError):
            return False

    def _here(self) -> Send:
        self.app = app = create_app(worlds_of([]), held=self._held)

        def send(method: str, path: str, body: bytes) -> Answered:
            self._stay_in_this_process()
            return ask(app, method, path.encode(), [(b"host", b"127.0.0.1")], body)

        return send

    def _there(self, url: str) -> Send:
        from emulator.reach import HttpClient
        from emulator.scenario.client import NoResponse

        try:
            client = self._exits.enter_context(HttpClient(url, self._token or env("EMULATOR_CONTROL_TOKEN")))
        except NoResponse as error:
            raise Refused(f"{url!r} is not the URL of an emulator (--emulator-url, EMULATOR_URL): {error}") from None

        self._url = str(client.address)

        def send(method: str, path: str, body: bytes) -> Answered:
            try:
                response = client.send(method, path.encode(), (), body)
            except NoResponse as error:
                raise Refused(f"no emulator answers at {url!r} (--emulator-url, EMULATOR_URL): {error}") from None
            return Answered(*response)

        return send

    def close(self) -> None:
        """Stops serving, if it did, drops every connection, and lets go whom a fault holds up."""
        self._exits.close()
        self._held.let_all_go()

    def __enter__(self) -> EmulatorServer:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()


def _reason(content: bytes) -> str:
    try:
        return str(orjson.loads(content)["detail"])
    except (ValueError, KeyError, TypeError):
        return content.decode("utf-8", "replace")
