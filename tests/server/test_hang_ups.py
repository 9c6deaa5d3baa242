"""Clients that disappear before, during and after their answer, under each fault, over plain HTTP and TLS."""

from __future__ import annotations

import logging
import os
import socket
import ssl
import struct
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from typing import Any

import httpx
import pytest

from emulator.kernel.faults import AFTER_REPLY, BEFORE_AUTH, DO, INVALID_COMBINATIONS, MID_BODY, WHERE
from emulator.kernel.limits import Limits
from emulator.server.app import create_app, worlds_of
from emulator.server.server import ThreadedServer
from emulator.server.tls import Tls
from tests.support.loading import LIBRARY
from tests.support.sockets import hear_all
from tests.support.waiting import wait_until

BATCHES = b"GET /live/batches?api_key=k HTTP/1.1\r\nhost: localhost\r\n\r\n"
START = b"GET /live/batches/9E867FAA/start?api_key=k HTTP/1.1\r\nhost: localhost\r\n\r\n"
WORLD = "/_emulator/worlds/default"
OPTIONS: dict[str, dict[str, Any]] = {
    "status": {"status": 503},
    "delay": {"delay": "30ms", "clock": "real"},
    "dribble": {"pace": "1ms"},
}
EFFECTS = [(do, where) for do in DO for where in WHERE if (where, do) not in INVALID_COMBINATIONS]
TRUST = ssl.create_default_context()
TRUST.check_hostname, TRUST.verify_mode = False, ssl.CERT_NONE


class FaultServer:
    """A server, and a client of its control plane."""

    def __init__(self, server: ThreadedServer, control: httpx.Client) -> None:
        self.server = server
        self.control = control

    def dial(self) -> socket.socket:
        """A connection, over TLS where the server speaks it."""
        host, _, port = self.server.url.partition("://")[2].partition(":")
        plain = socket.create_connection((host, int(port)), timeout=20)
        return TRUST.wrap_socket(plain, server_hostname=host) if self.server.url.startswith("https") else plain

    @contextmanager
    def fault(self, **options: Any) -> Iterator[str]:
        """The path of a fault in a world that is at its beginning, until this ends."""
        self.control.post(f"{WORLD}/reset").raise_for_status()
        response = self.control.post(f"{WORLD}/faults", json={"at": "serpwow.batches.list", "times": 1, **options})
        yield f"{WORLD}/faults/{response.raise_for_status().json()['id']}"

    def wait_for(self, fault: str) -> None:
        wait_until(lambda: self.control.get(fault).json()["struck"])

    def exchanges(self) -> list[dict[str, Any]]:
        entries = self.control.get(f"{WORLD}/journal").json()["entries"]
        return [entry for entry in entries if entry["type"] == "exchange"]

    def wait_for_rest(self) -> None:
        """Wait until no request is under way but the one that asks."""
        state = self.server._server.server_state
        wait_until(lambda: self.control.get("/_emulator/health") and not state.tasks and len(state.connections) <= 1)


@pytest.fixture(scope="module", params=["plain", "tls"])
def faulty(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[FaultServer]:
    limits = Limits(hang_seconds=1)
    app = create_app(worlds_of([LIBRARY.get("first-run")], limits=limits), limits=limits)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("EMULATOR_TLS_FOLDER", str(tmp_path_factory.mktemp("tls")))
        tls = Tls(()) if request.param == "tls" else None
    with ThreadedServer(app, limits=limits, tls=tls) as server, httpx.Client(base_url=server.url, verify=TRUST) as control:
        yield FaultServer(server, control)


@pytest.fixture
def log(caplog: pytest.LogCaptureFixture) -> Iterator[pytest.LogCaptureFixture]:
    logger = logging.getLogger("uvicorn.error")
    logger.addHandler(caplog.handler)
    yield caplog
    logger.removeHandler(caplog.handler)


def hear_one(line: socket.socket) -> bytes:
    """The first answer, whole, or what comes of it."""
    data, length = b"", 0
    with suppress(OSError):
        while (not length or len(data) < length) and (part := line.recv(65_536)):
            data += part
            head, end, _ = data.partition(b"\r\n\r\n")
            if end and b"content-length: " in head:
                length = len(head) + 4 + int(head.partition(b"content-length: ")[2].partition(b"\r\n")[0])
    return data


def is_broken_off(line: socket.socket) -> bool:
    """Tell whether a connection ends with RST. It is read as it is: Python's TLS takes both ends for the same."""
    with socket.socket(fileno=os.dup(line.fileno())) as bare:
        bare.settimeout(20)
        try:
            while bare.recv(65_536):
                pass
        except ConnectionResetError:
            return True
    return False


def reset(line: socket.socket) -> None:
    line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    line.close()


@pytest.mark.parametrize("goes", ["closes", "resets"])
@pytest.mark.parametrize("moment", ["before", "during", "after"])
@pytest.mark.parametrize(("do", "where"), EFFECTS)
def test_a_client_may_go_at_any_moment(
    faulty: FaultServer, log: pytest.LogCaptureFixture, do: str, where: str, moment: str, goes: str
) -> None:
    with faulty.fault(do=do, where=where, **OPTIONS.get(do, {})) as fault:
        line = faulty.dial()
        line.sendall(BATCHES)
        if moment != "before":
            faulty.wait_for(fault)
        if moment == "after":
            hear_one(line)
        reset(line) if goes == "resets" else line.close()
        faulty.wait_for_rest()
        deliveries = [exchange["delivered"] for exchange in faulty.exchanges()]
    assert (len(deliveries), log.text) == (1 if moment != "before" else len(deliveries), "")
    if moment == "after":
        is_answered = (
            do in ("delay", "dribble") or where == AFTER_REPLY or (do == "status" and where in (BEFORE_AUTH, "before-commit"))
        )
        assert deliveries == [is_answered]


@pytest.mark.parametrize("do", ["drop", "reset", "garbage"])
@pytest.mark.parametrize("where", [where for where in WHERE if (where, "reset") not in INVALID_COMBINATIONS])
def test_nothing_acts_that_comes_on_a_connection_after_it_was_broken_off(faulty: FaultServer, do: str, where: str) -> None:
    if (where, do) in INVALID_COMBINATIONS or (where, do) == (MID_BODY, "garbage"):
        return  # a body of garbage breaks nothing off
    with faulty.fault(do=do, where=where), closing(faulty.dial()) as line:
        line.sendall(BATCHES + START + BATCHES)
        hear_all(line)
        assert [exchange["operation"] for exchange in faulty.exchanges()] == ["serpwow.batches.list"]


@pytest.mark.parametrize("where", ["after-commit", "mid-body", "after-reply"])
def test_a_reset_is_one_also_over_tls(faulty: FaultServer, where: str) -> None:
    with faulty.fault(do="reset", where=where), closing(faulty.dial()) as line:
        line.sendall(BATCHES)
        assert is_broken_off(line)


def test_a_client_that_leaves_without_a_goodbye_of_tls_is_no_failure(
    faulty: FaultServer, log: pytest.LogCaptureFixture
) -> None:
    with faulty.fault(do="delay", where="after-commit", delay="10ms", clock="real"):
        for data in (b"", b"GET", BATCHES):
            line = faulty.dial()
            line.sendall(data or b"\r\n")
            with socket.socket(fileno=line.detach()):
                pass
    faulty.wait_for_rest()
    assert log.text == ""


HELD = {"do": "delay", "where": "after-commit", "delay": "50ms", "clock": "real"}


@pytest.fixture(scope="module")
def plain() -> Iterator[FaultServer]:
    app = create_app(worlds_of([LIBRARY.get("first-run")]))
    with ThreadedServer(app) as server, httpx.Client(base_url=server.url) as control:
        yield FaultServer(server, control)


@pytest.mark.parametrize("delay", [HELD, {**HELD, "where": "before-auth"}, {**HELD, "do": "dribble", "where": "mid-body"}])
def test_a_client_that_has_closed_its_side_has_its_answer_and_nobody_knows_whether_it_reads(
    plain: FaultServer, delay: dict[str, Any]
) -> None:
    written = {name: value for name, value in delay.items() if delay["do"] == "delay" or name in ("do", "where")}
    with plain.fault(**written), closing(plain.dial()) as line:
        line.sendall(BATCHES)
        line.shutdown(socket.SHUT_WR)
        assert hear_all(line).count(b"HTTP/1.1 200 OK") == 1
    (exchange,) = plain.exchanges()
    assert exchange["delivered"] is None
    explanation = plain.control.get(f"{WORLD}/journal/{exchange['n']}/explain", headers={"accept": "text/plain"}).text
    assert "delivered   unknown" in explanation


def test_every_whole_request_is_answered_before_a_client_closed_its_side(plain: FaultServer) -> None:
    with plain.fault(**HELD), closing(plain.dial()) as line:
        line.sendall(BATCHES + START + BATCHES + b"GET /unfinished")
        line.shutdown(socket.SHUT_WR)
        assert hear_all(line).count(b"HTTP/1.1 200 OK") == 3
    assert [exchange["operation"].rpartition(".")[2] for exchange in plain.exchanges()] == ["list", "start", "list"]


def test_a_client_that_gave_up_during_a_delay_did_not_get_the_answer(plain: FaultServer) -> None:
    with plain.fault(**HELD) as fault:
        line = plain.dial()
        line.sendall(BATCHES)
        plain.wait_for(fault)
        line.close()
        plain.wait_for_rest()
    assert [(exchange["status"], exchange["delivered"]) for exchange in plain.exchanges()] == [(200, False)]


def test_a_client_that_closes_its_side_has_given_up_on_a_hang(plain: FaultServer) -> None:
    with plain.fault(do="hang", where="after-commit") as fault, closing(plain.dial()) as line:
        line.sendall(BATCHES)
        plain.wait_for(fault)
        line.shutdown(socket.SHUT_WR)
        assert hear_all(line) == b""
    assert [exchange["delivered"] for exchange in plain.exchanges()] == [False]


def test_a_request_that_its_client_ends_in_the_middle_was_never_asked(plain: FaultServer) -> None:
    plain.control.post(f"{WORLD}/reset")
    with closing(plain.dial()) as line:
        line.sendall(BATCHES + b"POST /live/batches?api_key=k HTTP/1.1\r\nhost: localhost\r\ncontent-length: 9\r\n\r\n{}")
        line.shutdown(socket.SHUT_WR)
        assert hear_all(line).count(b"HTTP/1.1 ") == 1
    assert len(plain.exchanges()) == 1


@pytest.mark.parametrize(
    "faults",
    [
        [{**HELD, "delay": "5m"}] * 3,
        [{**HELD, "delay": "5m", "where": "before-commit"}, {**HELD, "delay": "5m"}],
        [{**HELD, "delay": "5m"}, {"do": "dribble", "where": "mid-body", "pace": "5s"}],
    ],
)
def test_however_many_faults_hold_a_request_up_there_is_one_bound(faulty: FaultServer, faults: list[dict[str, Any]]) -> None:
    with faulty.fault(**faults[0]):
        for fault in faults[1:]:
            faulty.control.post(f"{WORLD}/faults", json={"at": "serpwow.batches.list", **fault}).raise_for_status()
        reply = faulty.control.get("/live/batches?api_key=k", timeout=60)
    assert reply.status_code == 200


def test_a_virtual_delay_of_a_clock_that_runs_is_bounded_too(faulty: FaultServer) -> None:
    with faulty.fault(do="delay", where="after-commit", delay="1h"):
        faulty.control.patch(f"{WORLD}/clock", json={"rate": "real"}).raise_for_status()
        assert faulty.control.get("/live/batches?api_key=k", timeout=60).status_code == 200


@pytest.mark.parametrize("data", [b"GET /", b"content-length: 9\r\n\r\n{", b"transfer-encoding: chunked\r\n\r\nnonsense\r\n"])
def test_the_server_ends_without_a_failure_while_a_request_is_not_whole(log: pytest.LogCaptureFixture, data: bytes) -> None:
    with ThreadedServer(create_app(worlds_of([]))) as server, httpx.Client(base_url=server.url) as control:
        line = FaultServer(server, control).dial()
        line.sendall(data if data.startswith(b"GET") else b"POST /za/pay/batches HTTP/1.1\r\nhost: localhost\r\n" + data)
        control.get("/_emulator/ready")
    line.close()
    assert "Traceback" not in log.text
