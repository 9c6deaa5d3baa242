"""Notifications by HTTP: the server posts them at their instants to hosts that it may send to, and to no others."""

from __future__ import annotations

import json
import os
import socket
import ssl
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from subprocess import PIPE
from threading import Event
from typing import Any

import httpx
import pytest
import stripe
import trustme

from emulator import BadInput, ControlError, Emulator, EmulatorServer
from emulator.cli.main import main
from emulator.delivery.hosts import Hosts
from emulator.delivery.outgoing import KEPT, Report, hand_out, record
from emulator.delivery.posting import HEAD, MOST
from emulator.kernel.clock import Clock
from emulator.scenario.state import apply_state
from emulator.server.app import create_app, worlds_of
from emulator.server.server import ThreadedServer
from emulator.vendors import VENDORS
from emulator.web.access_log import AccessLog
from tests.support.commands import invoke
from tests.support.loading import load_value
from tests.support.receiving import Received, Receiver, receiving

JOB, CANCELED = "batchv2_AbCdEfGhIjKlMnOpQrStUvWxYz", "v2.core.batch_job.canceled"
Answer = Callable[[Received], "int | bytes"]


def owing(url: str, **content: Any) -> dict[str, Any]:
    """A scenario in which a receiver at a URL is owed what becomes of a job."""
    destination = {"id": "ed_1", "url": url, "signing_secret": "whsec_test", "enabled_events": [CANCELED]}
    job = {"id": JOB, "status": "in_progress", "rows": 1000}
    given = {"stripe": {"batch_jobs": [job], "event_destinations": [destination]}}
    return {"deliveries": {"carrier": "http"}, "given": given, **content}


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving(Receiver()) as receiver:
        yield receiver


@pytest.fixture
def server(receiver: Receiver) -> Iterator[EmulatorServer]:
    with EmulatorServer(deliver_to=[receiver.host]) as server:
        yield server


@pytest.fixture
def emulator(server: EmulatorServer, receiver: Receiver) -> Iterator[Emulator]:
    with Emulator(owing(receiver.url), server=server) as emulator:
        yield emulator


def cancel(emulator: Emulator) -> stripe.StripeClient:
    client = stripe.StripeClient(emulator.stripe.api_key, base_addresses={"api": emulator.stripe.url})
    client.v2.core.batch_jobs.cancel(JOB)
    return client


def attempts(emulator: Emulator) -> list[tuple[str, int | str | None]]:
    (delivery,) = emulator.deliveries
    return [(f"{it.at:%H:%M:%S}", it.error or it.status) for it in delivery.attempts]


def fates(emulator: Emulator) -> list[tuple[str, str | None]]:
    return [(it.status, it.because) for it in emulator.deliveries]


def test_one_jump_makes_every_attempt_at_its_instant(emulator: Emulator, receiver: Receiver) -> None:
    answers = [500, 302, 200]
    receiver.answer = lambda _: answers.pop(0)
    client = cancel(emulator)
    fired = emulator.clock.advance("3d")
    assert [it.to for it in fired if it.resource == "delivery"] == ["pending", "sending", "sending", "sending"]
    assert attempts(emulator) == [("00:00:02", 500), ("00:10:02", 302), ("00:50:02", 200)]
    assert f"{emulator.clock.now:%d %H:%M:%S}" == "04 00:00:00"
    for path, headers, body in receiver.requests:
        assert (path, headers["host"], headers["connection"]) == ("/hooks", receiver.host, "close")
        event: Any = client.parse_event_notification(body, headers["stripe-signature"], "whsec_test")
        assert event.fetch_related_object().status == "canceled"
    assert [it.status for it in emulator.journal.attempts()] == [500, 302, 200]


@pytest.mark.parametrize("jumps", [["3d"], ["2s", "9m", "1m", "3d"], ["1s"] * 4 + ["3d"]], ids=str)
def test_many_jumps_make_the_same_attempts_as_one(emulator: Emulator, receiver: Receiver, jumps: list[str]) -> None:
    receiver.answer = lambda _: 503
    cancel(emulator)
    for jump in jumps:
        emulator.clock.advance(jump)
    assert attempts(emulator)[:3] == [("00:00:02", 503), ("00:10:02", 503), ("00:50:02", 503)]


def test_a_receiver_reads_the_world_of_that_instant_and_cannot_let_time_pass(emulator: Emulator, receiver: Receiver) -> None:
    heard: list[str] = []

    def answer(_: Received) -> int:
        heard.append(f"{emulator.clock.now:%H:%M:%S} {emulator.stripe.batch_job(JOB).status}")
        try:
            emulator.clock.advance("1s")
        except ControlError as error:
            heard.append(f"{error.status} {error}")
        return 200

    receiver.answer = answer
    cancel(emulator)
    emulator.clock.advance(until="idle")
    assert heard[0] == "00:00:02 canceled"
    assert heard[1].startswith("409 stripe.delivery")
    assert "is under way to its receiver" in heard[1]
    assert fates(emulator) == [("delivered", None)]


@pytest.mark.parametrize("hosts", [[], ["127.0.0.1:1"], ["localhost"]], ids=str)
def test_no_connection_is_made_beyond_the_named_hosts(
    hosts: list[str], receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: pytest.fail("a name was looked up"))
    with EmulatorServer(deliver_to=hosts) as server, Emulator(owing(receiver.url), server=server) as emulator:
        emulator.state.change({"stripe": {"batch_jobs": [{"id": JOB, "status": "cancelling"}]}})
        emulator.clock.advance("1h")
        ((status, because),) = fates(emulator)
        assert emulator.deliveries[0].attempts == ()
    assert status == "dropped"
    assert because is not None
    assert "--deliver-to" in because
    assert receiver.requests == []


def test_the_hosts_may_be_named_in_the_environment(receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EMULATOR_DELIVER_TO", f"example.test {receiver.host}")
    with EmulatorServer() as server, Emulator(owing(receiver.url), server=server) as emulator:
        cancel(emulator)
        emulator.clock.advance("1h")
        assert fates(emulator) == [("delivered", None)]


def test_an_address_is_looked_up_once_for_an_attempt_and_a_forbidden_one_drops_it(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    addresses, receiver.answer = ["127.0.0.1", "169.254.169.254"], lambda _: 500

    def getaddrinfo(host: str, port: int, **_: Any) -> list[Any]:
        assert host == "hooks.test"
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (addresses.pop(0), port))]

    url = f"http://hooks.test:{receiver.port}/hooks"
    with EmulatorServer(deliver_to=["hooks.test:*"]) as server, Emulator(owing(url), server=server) as emulator:
        cancel(emulator)
        monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
        emulator.clock.advance("1h")
        monkeypatch.undo()
        ((status, because),) = fates(emulator)
        assert attempts(emulator) == [("00:00:02", 500)]
    assert status == "dropped"
    assert because is not None
    assert "169.254.169.254, which is link-local" in because
    assert [it.headers["host"] for it in receiver.requests] == [f"hooks.test:{receiver.port}"]


def test_a_name_that_is_unknown_is_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    def getaddrinfo(*_: Any, **__: Any) -> list[Any]:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    with EmulatorServer(deliver_to=["hooks.test"]) as server, Emulator(owing("http://hooks.test"), server=server) as emulator:
        cancel(emulator)
        monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
        emulator.clock.advance("1m")
        monkeypatch.undo()
        assert attempts(emulator) == [("00:00:02", "no address of the receiver is known: Name or service not known")]
        assert fates(emulator) == [("waiting", None)]


def test_no_redirect_is_followed_and_no_proxy_of_the_environment_is_used(
    emulator: Emulator, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    cancel(emulator)
    with receiving(Receiver()) as elsewhere:
        for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
            monkeypatch.setenv(name, f"http://{elsewhere.host}")
        for name in ("NO_PROXY", "no_proxy"):
            monkeypatch.delenv(name)
        receiver.answer = lambda _: f"HTTP/1.1 307 X\r\nlocation: {elsewhere.url}\r\ncontent-length: 0\r\n\r\n".encode()
        emulator.clock.advance("1m")
        assert elsewhere.requests == []
    assert attempts(emulator) == [("00:00:02", 307)]


LONG = b"x" * (KEPT + 100)
HUNG_UP, BROKEN_OFF = "the receiver hung up without an answer", "the receiver broke off its answer"
CHUNKED = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n"
SWITCH = b"HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n"
ANSWERS: list[tuple[bytes, int | str, int]] = [
    (b"HTTP/1.1 200 OK\r\n\r\nuntil the end", 200, 13),
    (b"HTTP/1.1 204 No Content\r\n\r\n", 204, 0),
    (b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 201 Created\r\ncontent-length: 2\r\n\r\nok", 201, 2),
    (b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n", 200, 2),
    (b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n%s" % (len(LONG), LONG), 200, KEPT),
    (b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nok", BROKEN_OFF, 0),
    (b"HTTP/1.1 200", BROKEN_OFF, 0),
    (b"", HUNG_UP, 0),
    (b"HTTP/1.1 000 X\r\ncontent-length: 0\r\n\r\n", "the receiver could not be asked: the status of its answer is 000", 0),
    (b"HTTP/1.1 099 X\r\n\r\n", "the receiver could not be asked: the status of its answer is 099", 0),
    (b"HTTP/1.1 101 X\r\n\r\n", "the receiver could not be asked: ", 0),
    (SWITCH + b"\r\n", "the receiver could not be asked: its answer goes on in another protocol (101)", 0),
    (b"SSH-2.0-OpenSSH\r\n", "the receiver could not be asked", 0),
    (b"HTTP/1.1 200 OK\r\nx: %s\r\n\r\n" % (b"x" * 2 * HEAD), "the receiver could not be asked: the head", 0),
    (b"HTTP/1.1 100 Continue\r\n\r\n" * (HEAD // 25 + 1), "the receiver could not be asked: the head", 0),
    (CHUNKED + b"1;" + b"x" * 2 * MOST, 200, 0),
    (CHUNKED + b"0\r\n" + b"x: y\r\n" * MOST, 200, 0),
    (CHUNKED + b"1\r\nx\r\n" * (KEPT + 1), 200, KEPT),
]


@pytest.mark.parametrize(("raw", "outcome", "kept"), ANSWERS, ids=lambda it: repr(it)[:30])
def test_of_an_answer_no_more_is_read_than_is_kept(
    emulator: Emulator, receiver: Receiver, raw: bytes, outcome: int | str, kept: int
) -> None:
    receiver.answer = lambda _: raw
    cancel(emulator)
    emulator.clock.advance("1m")
    ((_, came),) = attempts(emulator)
    assert came == outcome if isinstance(outcome, int) else str(came).startswith(outcome)
    assert len(emulator.deliveries[0].attempts[0].body) == kept


@pytest.mark.usefixtures("receiver")
def test_an_attempt_that_a_fault_of_ours_ends_is_one_that_failed(emulator: Emulator, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("emulator.delivery.posting.post", lambda *_: 1 // 0)
    cancel(emulator)
    emulator.clock.advance("1m")
    ((_, came),) = attempts(emulator)
    assert came == "the attempt failed by a fault of the emulator, which its log has"


def test_where_nobody_listens_that_is_an_attempt_that_failed() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{taken.getsockname()[1]}/hooks"
        hosts = [f"127.0.0.1:{taken.getsockname()[1]}"]
        with EmulatorServer(deliver_to=hosts) as server, Emulator(owing(url), server=server) as another:
            cancel(another)
            another.clock.advance("1m")
            assert attempts(another) == [("00:00:02", "the receiver could not be asked: Connection refused")]


def test_a_receiver_has_no_more_real_time_than_the_vendor_gives_it(receiver: Receiver, server: EmulatorServer) -> None:
    go_on = Event()
    receiver.answer = lambda _: 200 if go_on.wait() else 500
    scenario = owing(receiver.url, timing={"stripe.webhook.timeout": "50ms", "stripe.webhook.retries": []})
    with Emulator(scenario, server=server) as emulator:
        cancel(emulator)
        emulator.clock.advance("1m")
        assert attempts(emulator) == [("00:00:02", "no answer in time")]
        assert fates(emulator) == [("exhausted", None)]
    go_on.set()


def test_other_worlds_and_other_calls_to_this_one_wait_for_no_receiver(
    emulator: Emulator, receiver: Receiver, server: EmulatorServer
) -> None:
    begun, go_on = Event(), Event()

    def answer(_: Received) -> int:
        begun.set()
        go_on.wait()
        return 200

    receiver.answer = answer
    cancel(emulator)
    with ThreadPoolExecutor() as pool, Emulator(server=server) as another:
        advancing = pool.submit(emulator.clock.advance, "1h")
        begun.wait()
        assert [it.status for it in emulator.deliveries] == ["sending"]
        another.clock.advance("1h")
        with pytest.raises(ControlError, match="is under way to its receiver"):
            emulator.clock.advance("1h")
        assert not advancing.done()
        go_on.set()
        assert advancing.result()
    assert f"{emulator.clock.now:%H:%M:%S}" == "01:00:00"


@pytest.mark.parametrize("way", ["reset", "restore", "undo", "drop", "load"])
def test_what_comes_back_to_a_world_that_went_elsewhere_is_recorded_nowhere(
    receiver: Receiver, server: EmulatorServer, way: str
) -> None:
    changes: dict[str, Callable[[Emulator], object]] = {
        "reset": lambda it: it.reset(),
        "restore": lambda it: it.restore("before"),
        "undo": lambda it: it.undo(),
        "drop": lambda it: it.ask("DELETE", ""),
        "load": lambda it: it.load(owing(receiver.url)),
    }
    with Emulator(owing(receiver.url), server=server) as emulator:
        emulator.snapshot("before")
        cancel(emulator)

        def answer(_: Received) -> int:
            changes[way](emulator)
            return 200

        receiver.answer = answer
        if way == "drop":
            emulator.ask("POST", "/clock/advance", {"by": "1h"})
            return
        assert emulator.clock.advance("1h")
        assert [*emulator.deliveries] == []
        assert emulator.journal.attempts() == []
        assert f"{emulator.clock.now:%H:%M:%S}" == "00:00:00"
        emulator.clock.advance("1h")


def test_a_fork_posts_for_itself_what_was_under_way(receiver: Receiver, emulator: Emulator) -> None:
    forks: list[Emulator] = []

    def answer(_: Received) -> int:
        if not forks:
            forks.append(emulator.fork())
        return 200

    receiver.answer = answer
    cancel(emulator)
    emulator.clock.advance("1h")
    (fork,) = forks
    assert fates(fork) == [("sending", None)]
    fork.clock.advance("1h")
    assert fates(fork) == fates(emulator) == [("delivered", None)]
    assert [it.body for it in receiver.requests] == [receiver.requests[0].body] * 2


def test_a_jump_that_sends_too_often_stops_and_says_so(
    emulator: Emulator, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("emulator.control.clock.MOST_STOPS", 2)
    receiver.answer = lambda _: 500
    cancel(emulator)
    with pytest.raises(ControlError, match="notifications were sent at 2 instants on the way") as refused:
        emulator.clock.advance(until="idle")
    assert refused.value.status == 409
    assert [at for at, _ in attempts(emulator)] == ["00:00:02", "00:10:02"]
    with pytest.raises(ControlError):
        emulator.clock.advance(until="idle")
    assert len(attempts(emulator)) == 4


def test_to_send_again_waits_for_the_receiver(emulator: Emulator, receiver: Receiver) -> None:
    cancel(emulator)
    emulator.clock.advance("1h")
    receiver.answer = lambda _: 410
    again = emulator.ask("POST", f"/deliveries/{emulator.deliveries[0].id}/resend")
    assert (again["status"], again["attempts"][-1]["status"]) == ("exhausted", 410)


def test_a_receiver_that_the_handle_holds_comes_before_http(emulator: Emulator, receiver: Receiver) -> None:
    held: list[str] = []

    def app(_: Any, start: Callable[..., Any]) -> list[bytes]:
        held.append(f"{emulator.clock.now:%H:%M:%S}")
        start("200 OK", [])
        return []

    emulator.receiver(receiver.url, app)
    cancel(emulator)
    emulator.clock.advance("1h")
    assert (held, receiver.requests) == (["00:00:02"], [])


def test_a_running_clock_sends_by_itself_what_is_due(receiver: Receiver, server: EmulatorServer) -> None:
    answers, landed = [500, 500, 200], Event()

    def answer(_: Received) -> int:
        if len(answers) == 1:
            landed.set()
        return answers.pop(0)

    receiver.answer = answer
    with Emulator(owing(receiver.url, timing={"stripe.webhook.retries": ["10m", "40m"]}), server=server) as emulator:
        cancel(emulator)
        emulator.clock.run(1_000_000)
        landed.wait()
        first, second, third = (it.at for it in emulator.deliveries[0].attempts)
    assert f"{first:%H:%M:%S}" == "00:00:02"
    assert (second - first >= timedelta(minutes=10), third - second >= timedelta(minutes=40)) == (True, True)


def test_further_attempts_are_counted_from_the_last_one_however_late_its_answer_is() -> None:
    seconds = 0.0
    scenario = load_value({"title": "A", **owing("https://example.test", timing={"stripe.webhook.duration": "3s"})}, VENDORS)
    world = scenario.world(VENDORS, "w", None)
    world.clock = Clock(world.clock.now(), 1.0, lambda: seconds)
    apply_state(world, VENDORS, {"stripe": {"batch_jobs": [{"id": JOB, "status": "cancelling"}]}}, "test")
    seconds = 100.0
    world.settle()
    (delivery,) = world.outside()
    (outgoing,) = hand_out(world, VENDORS, lambda: "http://emulator.test", lambda *_: True)
    assert record(world, outgoing.outbox, outgoing.id, Report(500)) == "answering"
    world.settle()
    waiting: Any = world.store.find(delivery.kind, delivery.id)
    assert waiting.status == "waiting"
    assert waiting.next_at - delivery.attempts[0].at == timedelta(seconds=3, minutes=10)


def test_a_world_that_begins_with_a_running_clock_sends_by_itself(receiver: Receiver, server: EmulatorServer) -> None:
    landed = Event()

    def answer(_: Received) -> int:
        landed.set()
        return 200

    receiver.answer = answer
    scenario = owing(receiver.url, clock={"rate": 1_000})
    scenario["given"]["stripe"]["batch_jobs"][0]["status"] = "cancelling"
    with Emulator(scenario, server=server):
        landed.wait()


def certified(name: str, authority: trustme.CA) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(name).configure_cert(context)
    return context


@pytest.mark.parametrize(
    ("certificate", "is_trusted", "outcome"),
    [
        ("127.0.0.1", True, 200),
        ("127.0.0.1", False, "certificate verify failed"),
        ("example.test", True, "certificate verify failed"),
    ],
)
def test_https_asks_for_a_certificate_of_the_host_from_a_trusted_authority(
    certificate: str, is_trusted: bool, outcome: int | str, monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    authority = trustme.CA()
    (authority if is_trusted else trustme.CA()).cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    with receiving(Receiver(), certified(certificate, authority)) as receiver:
        url = f"https://{receiver.host}/hooks"
        with EmulatorServer(deliver_to=[receiver.host]) as server, Emulator(owing(url), server=server) as emulator:
            cancel(emulator)
            monkeypatch.setenv("SSL_CERT_FILE", os.fspath(tmp_path / "ca.pem"))
            emulator.clock.advance("1m")
            ((_, came),) = attempts(emulator)
        assert came == outcome if isinstance(outcome, int) else outcome in str(came)
        assert len(receiver.requests) == (outcome == 200)


def test_each_attempt_has_a_line_in_which_no_secret_can_be_read(receiver: Receiver) -> None:
    lines: list[str] = []
    answers = [500, 200]
    receiver.answer = lambda _: answers.pop(0)
    url = f"{receiver.url}?token=S3cretS3cret"
    scenario = owing(url)
    scenario["given"]["stripe"]["event_destinations"].append(
        {**scenario["given"]["stripe"]["event_destinations"][0], "id": "ed_2", "url": "http://10.1.2.3/"}
    )
    worlds = worlds_of([load_value({"title": "A", **scenario}, VENDORS)])
    app = create_app(worlds, access_log=AccessLog(lines.append), deliver_to=Hosts([receiver.host]))
    with ThreadedServer(app) as server:
        control = f"{server.url}/_emulator/worlds/default"
        httpx.patch(f"{control}/state", json={"stripe": {"batch_jobs": [{"id": JOB, "status": "cancelling"}]}}, timeout=None)
        advanced = httpx.post(f"{control}/clock/advance", json={"by": "1h"}, timeout=None).json()
    assert "deliveries" not in advanced
    sent = sorted(line for line in lines if line.startswith("POST http"))
    assert [line.rpartition("/")[0] for line in sent] == [
        f"POST http://10.1.2.3/ --deliver-to does not name 10.1.2.3:80, but {receiver.host} dropped default",
        f"POST {receiver.url}?token=S3cr… 200 delivered default",
        f"POST {receiver.url}?token=S3cr… 500 waiting default",
    ]
    app.end()


@pytest.mark.parametrize("text", ["http://localhost:9000", "localhost:0", "2130706433", "fe80::1%eth0"])
def test_serve_refuses_a_host_that_is_none(text: str) -> None:
    result = invoke(main, ["serve", "--deliver-to", text])
    assert (result.exit_code, "--deliver-to" in result.output) == (2, True)


def test_serve_sends_where_it_is_told_to(receiver: Receiver, tmp_path: Path) -> None:
    landed = Event()

    def answer(_: Received) -> int:
        landed.set()
        return 200

    receiver.answer = answer
    scenario = owing(receiver.url, title="Cancelling", clock={"rate": 100})
    scenario["given"]["stripe"]["batch_jobs"][0]["status"] = "cancelling"
    path = tmp_path / "mine.json"
    path.write_text(json.dumps(scenario), "utf-8")
    command = [sys.executable, "-m", "emulator", "serve", str(path), "--port", "0", "--deliver-to", receiver.host]
    with subprocess.Popen([*command, "--while-stdin"], stdin=PIPE, stdout=PIPE, stderr=PIPE, text=True) as process:
        landed.wait()
        _, told = process.communicate()
    assert (process.returncode, told != "") == (0, True)


def test_a_handle_of_a_server_elsewhere_names_no_hosts() -> None:
    with pytest.raises(ControlError, match="serve --deliver-to"):
        EmulatorServer("http://127.0.0.1:1", deliver_to=["localhost"])
    with pytest.raises(BadInput, match="deliver_to: 'http://localhost' is more than a host"):
        EmulatorServer(deliver_to=["http://localhost"])


def test_the_ini_file_names_hosts(pytester: pytest.Pytester, receiver: Receiver) -> None:
    pytester.makeini("[pytest]\nemulator_deliver_to = example.test 127.0.0.1:*")
    pytester.makepyfile(f"""
        import pytest

        @pytest.mark.scenario({owing(receiver.url)!r})
        def test_it(emulator):
            emulator.state.change({{"stripe": {{"batch_jobs": [{{"id": {JOB!r}, "status": "cancelling"}}]}}}})
            emulator.clock.advance("1h")
            assert emulator.deliveries[0].status == "delivered"
    """)
    pytester.runpytest_inprocess().assert_outcomes(passed=1)
