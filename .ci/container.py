"""Builds the image, runs it as it should be run in earnest, asks it with the vendors' own clients, and stops it."""

from __future__ import annotations

import http.client
import socket
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType

import httpx
import stripe
from engines import BASE, DATA, IMAGE, PATIENCE, UID, Buildah, Docker
from serpwow.google_search_results import GoogleSearchResults

TOKEN = "a-token-of-this-run"  # noqa: S105
OWN = "title: A scenario of one's own\ngiven: {serpwow: {batches: [{id: MINE, status: queued, searches: 3}]}}\n"
ABSENT = ("pip", "pip3", "gcc", "cc", "c++", "make")
STALLED = (
    b"POST /_emulator/worlds HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99\r\n"
    b"Authorization: Bearer " + TOKEN.encode() + b"\r\n\r\n{"
)
"""An upload whose end never comes."""

Engine = Docker | Buildah


def say(text: str) -> None:
    print(text, flush=True)  # noqa: T201


def demand(truth: object, what: str) -> None:
    if not truth:
        raise SystemExit(f"NOT SO: {what}")
    say(f"  {what}")


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port: int = listening.getsockname()[1]
        return port


def until(true: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + PATIENCE
    while not true():
        if time.monotonic() > deadline:
            raise SystemExit(f"{what} did not come in {PATIENCE} s")
        time.sleep(0.005)


def answers(port: int) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
    try:
        connection.request("GET", "/_emulator/ready")
        return connection.getresponse().status == 200
    except (ConnectionError, http.client.RemoteDisconnected):  # the engine's own proxy accepts before there is a server
        return False
    finally:
        connection.close()


@contextmanager
def running(engine: Engine, mounts: Mapping[str, Path] = MappingProxyType({}), **environment: str) -> Iterator[str]:
    """The container, started and answering; removed at the end whatever happens."""
    port = free_port()
    try:
        began = time.monotonic()
        engine.start(port, mounts, {"EMULATOR_CONTROL_TOKEN": TOKEN, **environment})
        until(lambda: answers(port), "an answer")
        say(f"  ready {time.monotonic() - began:.3f} s after it was started")
        until(engine.healthy, "a good health check")
        say(f"  healthy {time.monotonic() - began:.3f} s after it was started")
        yield f"http://127.0.0.1:{port}"
    except BaseException:
        say(engine.said())
        raise
    finally:
        engine.remove()


def ask_with_the_vendors_clients(url: str) -> None:
    GoogleSearchResults.ENDPOINT_BATCHES = f"{url}/live/batches"
    demand(GoogleSearchResults("demo").stop_batch("2A6F94BB")["request_info"]["success"], "SerpWow's client stops a batch")
    jobs = stripe.StripeClient("sk_test_123", base_addresses={"api": url}).v2.core.batch_jobs
    job = jobs.cancel("batchv2_AbCdEfGhIjKlMnOpQrStUvWxYz")
    demand(job.status == "cancelling", "Stripe's client cancels a batch job")
    batch = f"{url}/za/pay/batches/f945d71c-b00f-4e77-8175-253093157a2f"
    cancelled = httpx.post(f"{batch}/cancel", headers={"Authorization": "Bearer demo"})
    demand(cancelled.json()["statusCode"] == "CANCELLED", "httpx cancels a batch at 6DOT50")


def ask_for_control(url: str) -> None:
    worlds = f"{url}/_emulator/worlds"
    demand(httpx.get(worlds).status_code == 401, "the control plane wants its token")
    demand(httpx.get(worlds, headers=bearer()).status_code == 200, "and opens with it")


def bearer() -> Mapping[str, str]:
    return {"Authorization": f"Bearer {TOKEN}"}


def look_inside(engine: Engine) -> None:
    demand(engine.inside("id", "-u").stdout.strip() == str(UID), f"its user is {UID}, whom the image does not know")
    status = engine.inside("grep", "CapEff", "/proc/self/status").stdout.split()
    demand(status == ["CapEff:", "0" * 16], "it has no capabilities")
    driver = engine.inside("python", "-c", "import emulator.store.postgres")
    demand(not driver.returncode, "it has what a store in PostgreSQL needs")
    first = engine.inside("cat", "/proc/1/cmdline").stdout
    demand("batch-emulator\0serve" in first, "the server itself is process 1, so that signals reach it")
    for path in ("/x", "/opt/emulator/x", "/scenarios/x"):
        demand("Read-only file system" in engine.inside("touch", path).stderr, f"{path} cannot be written")
    for name in ABSENT:
        demand(engine.inside("sh", "-c", f"command -v {name}").returncode, f"there is no {name}")
    pips = r"find / -xdev \( -name pip -path '*-packages/*' -o -name 'pip-*.whl' -o -name ensurepip \) 2>/dev/null"
    demand(not engine.inside("sh", "-c", pips).stdout, "nor anything to install pip from")


def end_with_open_connections(engine: Engine, url: str, unfinished: bytes) -> None:
    """SIGTERM, with one connection kept alive and one in the middle of what it has to say; both must be told."""
    port = int(url.rpartition(":")[2])
    kept = connect(port, b"GET /_emulator/ready HTTP/1.1\r\nHost: localhost\r\n\r\n")
    demand(kept.recv(65_536).startswith(b"HTTP/1.1 200"), "a connection is kept alive")
    half = connect(port, unfinished)
    time.sleep(0.1)  # for the server to read it
    took = engine.end()
    demand(took < 1, f"SIGTERM ended it in {took:.3f} s")
    demand(hung_up(kept) and hung_up(half), "and its open connections were told")


def go_on_from_the_store(engine: Engine, mounts: Mapping[str, Path]) -> None:
    """Stop a batch, end the container, and find the batch stopped in the next one."""
    paths = ("/live/batches/2A6F94BB/stop?api_key=demo", "/live/batches/2A6F94BB?api_key=demo")
    with running(engine, mounts, EMULATOR_STORE=f"sqlite:{DATA}/worlds.db") as url:
        stopped, left = (httpx.get(url + path).json() for path in paths)
        demand(stopped["request_info"]["success"], "a batch is stopped")
        engine.end()
    with running(engine, mounts, EMULATOR_STORE=f"sqlite:{DATA}/worlds.db") as url:
        demand(httpx.get(url + paths[1]).json()["batch"] == left["batch"], "it is stopped in the next container, too")
        engine.end()


def connect(port: int, said: bytes) -> socket.socket:
    connection = socket.create_connection(("127.0.0.1", port), PATIENCE)
    connection.sendall(said)
    return connection


def hung_up(connection: socket.socket) -> bool:
    with connection:
        try:
            while connection.recv(65_536):
                pass
        except ConnectionError:
            pass
        return True


def main(engine: Engine) -> None:
    began = time.monotonic()
    try:
        engine.build()
        say(f"built in {time.monotonic() - began:.0f} s: {engine.size(IMAGE)}, of which {engine.size(BASE)} are the base image")
        say("as it is, nothing mounted:")
        with running(engine) as url:
            ask_with_the_vendors_clients(url)
            ask_for_control(url)
            look_inside(engine)
            end_with_open_connections(engine, url, b"GET /_emu")
        with tempfile.TemporaryDirectory() as folder:
            Path(folder).chmod(0o755)
            (Path(folder) / "own.yaml").write_text(OWN)
            say("with a folder at /scenarios:")
            with running(engine, {"/scenarios": Path(folder)}, EMULATOR_SCENARIO="own") as url:
                stopped = httpx.get(f"{url}/live/batches/MINE/stop?api_key=any").json()
                demand(stopped["request_info"]["success"], "its scenario is served")
                end_with_open_connections(engine, url, STALLED)
        with tempfile.TemporaryDirectory() as folder:
            Path(folder).chmod(0o777)
            say(f"with a store at {DATA}:")
            go_on_from_the_store(engine, {DATA: Path(folder)})
    finally:
        engine.clean()
    say(f"{engine.shows}; {time.monotonic() - began:.0f} s in all")


if __name__ == "__main__":
    main(Docker() if sys.argv[1] == "docker" else Buildah())
