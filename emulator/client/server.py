"""The server behind the handles: one in this process, whose socket opens when somebody asks for its URL, or one elsewhere."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from threading import Lock
from types import NoneType
from typing import TYPE_CHECKING, Any

import orjson

from emulator.client.bounds import Folders, read_folders, read_hosts, read_limits
from emulator.client.connections import LOCAL, UNREAD, AppResponse, ask, ask_control
from emulator.client.environment import env
from emulator.client.green_threads import green_threads
from emulator.client.json_encoding import decode, plain
from emulator.client.network_idle import ServerActivity
from emulator.delivery.hosts import Hosts
from emulator.kernel.errors import BadInput, EmulatorError, Problem
from emulator.kernel.limits import Limits
from emulator.scenario.client import read_foreign
from emulator.scenario.document import JsonObject
from emulator.scenario.library import Library
from emulator.scenario.parameters import Settings
from emulator.sdk.exact_json import dump
from emulator.server.app import closed_worlds, create_app, library
from emulator.state.compare import abridge
from emulator.text.garbage import gc_paused
from emulator.text.redact import redact_text
from emulator.vendors import VENDORS
from emulator.web.connection import App

if TYPE_CHECKING:
    from emulator.scenario.client import Client
    from emulator.server.server import ThreadedServer

CONTROL = "/_emulator"

NO_SERVER = "http://127.0.0.1"
"""The URL of links if no server can listen in this process: a transport or an adapter finds its way by any host."""

AS_JSON = ((b"accept", b"application/json"),)

Send = Callable[[str, str, Any, bool], AppResponse]
"""From method, path, the JSON value or the bytes of the body (None for an empty one), and whether the answer is read."""


class ControlError(EmulatorError):
    """The control plane refused something; the message is its reason. `status` is its answer's, None where there was none."""

    def __init__(self, reason: str, status: int | None = None) -> None:
        self.status = status
        super().__init__(reason)


class EmulatorServer:
    """Give out worlds. Without a URL it serves from this process; with one it steers the server there.

    `seed` is that of the worlds that name none of their own, whose scenarios decide where it is None. `scenarios` is a folder
    of scenarios of one's own, or several, whose names come before the shipped ones; left out, that of EMULATOR_SCENARIOS.
    `limits` are bounds of a server in this process by their names, such as `{"body": 50_000_000}`; those left out are as
    EMULATOR_MAX_BODY and the like say. `token` opens the control plane of the server there; left out, it is that of
    EMULATOR_CONTROL_TOKEN. `deliver_to` are the hosts, such as `"localhost:9000"`, to which a server in this process may post
    notifications; left out, those of EMULATOR_DELIVER_TO.

    Raises:
        ControlError: the URL is none, or bounds or hosts are given for a server elsewhere.
        BadInput: a bound is no number, a host is none, or a folder is none.
        NotFound: there is no such bound.
    """

    def __init__(
        self,
        url: str | None = None,
        *,
        seed: int | None = None,
        scenarios: Folders | None = None,
        limits: Mapping[str, Any] | None = None,
        token: str | None = None,
        deliver_to: Sequence[str] | None = None,
    ) -> None:
        self.seed = seed
        self._token = token
        self._folders = read_folders(scenarios)
        self._exits = ExitStack()
        self._lock = Lock()
        self._process = os.getpid()
        self.app: App | None = None
        self._client: Client | None = None
        self._listening: ThreadedServer | None = None
        self._url: str | None = None
        if url and url.strip():
            if limits:
                raise ControlError(
                    f"the server at {redact_text(url.strip())!r} has bounds of its own, which `serve --max-...` sets there"
                )
            if deliver_to:
                raise ControlError(
                    f"the server at {redact_text(url.strip())!r} posts to hosts that `serve --deliver-to` names there"
                )
            self._send = self._send_over_http(url)
        else:
            self._send = self._send_in_process(read_limits(limits), read_hosts(deliver_to))

    @property
    def url(self) -> str:
        """The URL for clients. A server in this process listens once this is read, on a port that the system chooses."""
        with self._lock:
            if self._url is None:
                self._url = self._listen()
            return self._url

    def _listen(self) -> str:
        self._stay_in_this_process()
        if patcher := green_threads():
            raise ControlError(
                f"no server can run in this process, since {patcher} has patched its threads: give the client "
                f"emulator.adapter() or emulator.transport(), or set EMULATOR_URL ({patcher})"
            )
        assert self.app is not None  # noqa: S101  no URL was given, so it is ours
        with gc_paused():
            from emulator.server.server import ThreadedServer

            self._listening = self._exits.enter_context(ThreadedServer(self.app, limits=self._limits))
        return self._listening.url

    async def look(self, world: str) -> ServerActivity | None:
        """The traffic of the clients of a world, as far as it can be seen; None where none of them has a socket."""
        if self.app is not None:
            if self._listening is None:
                return None
            return ServerActivity(*await asyncio.wrap_future(self._listening.look()))
        return await asyncio.to_thread(self._look_there, world)

    def _look_there(self, world: str) -> ServerActivity:
        """Return the traffic of a server elsewhere: the number of its exchanges, and the requests that faults hold up."""
        last = self.ask("GET", f"/worlds/{world}/journal?limit=1")["last"]
        return ServerActivity(0, (last, len(self.ask("GET", f"/worlds/{world}/held")["held"])))

    def _stay_in_this_process(self) -> None:
        """A fork has a copy of the worlds, of which the clients of the original would know nothing."""
        if os.getpid() != self._process:
            raise ControlError(f"this server lives in process {self._process}, which this one was forked from: ask it there")

    def client(self) -> Client:
        """Return a client of the whole server, which sends what a step of a scenario says."""
        from emulator.client.in_process import InProcessClient

        return InProcessClient(self.app) if self._client is None else self._client

    def ask(self, method: str, path: str, body: Any = None) -> Any:
        """Ask the control plane and return its JSON answer; None where there is none.

        Raises:
            ControlError: it said no, and why; or nobody answered.
        """
        response = self._response(method, path, body, is_read=True)
        return self._value(response) if response.content else response.value

    def ask_bytes(self, method: str, path: str) -> bytes:
        """Ask the control plane as `ask` does, and return its answer as it came, which is no JSON."""
        return self._response(method, path, None, is_read=True).content

    def tell(self, method: str, path: str, body: Any = None) -> None:
        """Ask the control plane as `ask` does, where nobody reads what it answers."""
        self._response(method, path, body, is_read=False)

    def _response(self, method: str, path: str, body: Any, is_read: bool) -> AppResponse:
        response = self._send(method, CONTROL + path, body if isinstance(body, (bytes, NoneType)) else plain(body), is_read)
        if response.status < 300:
            return response
        if response.status < 400 or not response.content:
            raise self._no_emulator(response.status)
        answer = f"{method} {CONTROL}{path} was answered {response.status}"
        raise ControlError(f"{_reason(response.content)} ({answer})", response.status)

    def _value(self, response: AppResponse) -> Any:
        if self.app is not None:
            return decode(response.content)
        try:
            return read_foreign(response.content)
        except ValueError:
            raise self._no_emulator(response.status) from None

    def _no_emulator(self, status: int | None = None) -> ControlError:
        return ControlError(f"what answers at {self._url!r} (--emulator-url, EMULATOR_URL) is no emulator", status)

    def scenario(self, name: str, settings: Settings | None = None) -> Any:
        """Return what the control plane is sent for the scenario of that name: the name, or a value that only we have.

        Raises:
            BadInput: the scenario is in a folder of ours, and has mistakes, or a setting names none of its parameters.
            NotFound: only a part of the name is that of a scenario in a folder of ours.
        """
        if self.app is not None or not self._folders:
            return name
        known = Library(VENDORS, self._folders)
        is_ours = name in known.names() or known.intended_name(name)
        return dict(known.get(name, settings).as_written) if is_ours else name

    def file(self, path: Path, settings: Settings | None = None) -> JsonObject:
        """Return what the control plane is sent for the scenario in a file, with what that includes.

        Raises:
            BadInput: it has mistakes, or a setting names none of its parameters.
        """
        from emulator.scenario.loader import ScenarioFiles

        return ScenarioFiles(VENDORS, self._folders).load(path, settings=settings).as_written

    def missing_file(self, path: str, folders: Sequence[Path] = ()) -> BadInput:
        """Return the refusal of a path at which there is no file; it names what may be meant, and where it was looked for."""
        refusal = library(*self._folders).no_file(path)
        if os.path.isabs(path):
            return refusal
        places = ", ".join(dict.fromkeys(map(str, (*folders, Path.cwd()))))
        return BadInput([Problem(f"{refusal.problems[0].message} (looked in {places})")], path)

    def check_connection(self) -> None:
        """Make sure that there is an emulator, and that it lets us in.

        Raises:
            ControlError: there is none, or it does not.
        """
        if self.app is None and not self._is_an_emulator():
            raise self._no_emulator()
        self.ask("GET", "/worlds/default/clock")

    def _is_an_emulator(self) -> bool:
        response = self._send("GET", f"{CONTROL}/health", None, True)
        try:
            return response.status == 200 and orjson.loads(response.content)["status"] == "ok"
        except (ValueError, KeyError, TypeError):
            return False

    def _send_in_process(self, limits: Limits, hosts: Hosts) -> Send:
        self._limits = limits
        self.app = app = create_app(
            closed_worlds(limits),
            library(*self._folders),
            limits=limits,
            deliver_to=hosts,
            base_url=lambda: NO_SERVER if green_threads() else self.url,
        )
        self._exits.callback(app.end)

        def send(method: str, path: str, body: Any, is_read: bool) -> AppResponse:
            self._stay_in_this_process()
            if isinstance(body, bytes):
                return ask(app, method, path.encode(), LOCAL, body)
            return ask_control(app, method, path.encode(), body, LOCAL if is_read else UNREAD)

        return send

    def _send_over_http(self, url: str) -> Send:
        from emulator.client.http import HttpClient
        from emulator.scenario.client import NoResponse

        safe_url = redact_text(url)
        try:
            client = self._exits.enter_context(HttpClient(url, self._token or env("EMULATOR_CONTROL_TOKEN")))
        except NoResponse as error:
            raise ControlError(f"{safe_url!r} is not the URL of an emulator (--emulator-url, EMULATOR_URL): {error}") from None

        self._url, self._client = str(client.address), client

        def send(method: str, path: str, body: Any, _is_read: bool) -> AppResponse:
            try:
                response = client.send(method, path.encode(errors="surrogatepass"), AS_JSON, _content(body))
            except NoResponse as error:
                raise ControlError(f"no emulator answers at {safe_url!r} (--emulator-url, EMULATOR_URL): {error}") from None
            return AppResponse(*response)

        return send

    def close(self) -> None:
        """Stop serving: drop every connection, and let go the requests that faults hold up."""
        self._exits.close()

    def __enter__(self) -> EmulatorServer:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _content(body: Any) -> bytes:
    return b"" if body is None else body if isinstance(body, bytes) else dump(body)


def _reason(content: bytes) -> str:
    try:
        body = orjson.loads(content)
        return str(body["detail"] if "detail" in body else body["message"])
    except (ValueError, KeyError, TypeError):
        return abridge(content.decode("utf-8", "replace"))
