"""Starts the server from nothing, again and again: the first request after it says that it is ready must succeed.

    python -m tests.benchmarks.cold_starts --times 1000

It is no test of the suite: it takes minutes, and prints what it found. How a client learns that the server is ready takes turns:
the line that `serve` prints, the first good answer of /_emulator/ready, and the first connection that is accepted.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from tempfile import TemporaryFile

READ_TIMEOUT = 30.0
"""Seconds after which a start that is not ready counts as failed."""

ports = (20_000 + number % 12_000 for number in count(os.getpid() * 10))


def free_port() -> int:
    """A port that nobody has, below those that the system gives to clients: one of theirs could be taken before the server binds it."""
    while True:
        try:
            with socket.create_server(("127.0.0.1", port := next(ports))):
                return port
        except OSError:
            continue


def stop_a_batch(port: int) -> None:
    """The first request: no retry, no second chance."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=READ_TIMEOUT)
    connection.request("GET", "/live/batches/2A6F94BB/stop?api_key=demo")
    reply = connection.getresponse()
    body = reply.read()
    connection.close()
    if reply.status != 200 or not json.loads(body)["request_info"]["success"]:
        raise AssertionError(f"the first request was answered {reply.status} {body!r}")


def until_it_says_so(server: subprocess.Popen[str], port: int) -> None:
    assert server.stdout is not None
    line = server.stdout.readline()
    if line.strip() != f"EMULATOR_URL=http://127.0.0.1:{port}":
        raise AssertionError(f"the first line was {line!r}")


def until_the_probe_succeeds(server: subprocess.Popen[str], port: int) -> None:
    def probe() -> bool:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=READ_TIMEOUT)
        connection.request("GET", "/_emulator/ready")
        return connection.getresponse().status == 200

    again_and_again(probe, server)


def until_a_connection_is_accepted(server: subprocess.Popen[str], port: int) -> None:
    def connect() -> bool:
        socket.create_connection(("127.0.0.1", port), READ_TIMEOUT).close()
        return True

    again_and_again(connect, server)


def again_and_again(attempt: Callable[[], bool], server: subprocess.Popen[str]) -> None:
    """Until it succeeds; a refused connection is what a server that is not there yet looks like, and nothing else is."""
    deadline = time.monotonic() + READ_TIMEOUT
    while time.monotonic() < deadline and server.poll() is None:
        try:
            if attempt():
                return
        except ConnectionRefusedError:
            time.sleep(0.002)
    raise AssertionError("not ready" if server.poll() is None else f"ended with {server.returncode}")


WAYS = (until_it_says_so, until_the_probe_succeeds, until_a_connection_is_accepted)


def cold_start(number: int) -> tuple[float, float]:
    """One life of a server: returns the seconds until it was ready and those until it was gone."""
    port = free_port()
    began = time.monotonic()
    command = [sys.executable, "-m", "emulator", "serve", "--port", str(port)]
    with TemporaryFile("w+") as errors, subprocess.Popen(command, stdout=subprocess.PIPE, stderr=errors, text=True) as server:
        try:
            WAYS[number % len(WAYS)](server, port)
            ready = time.monotonic()
            stop_a_batch(port)
            begin = time.monotonic()
            server.send_signal(signal.SIGTERM)
            server.wait(READ_TIMEOUT)
        except (AssertionError, OSError, http.client.HTTPException) as error:
            errors.seek(0)
            raise AssertionError(f"start {number}, {WAYS[number % len(WAYS)].__name__}: {error!r}\n{errors.read()}") from error
        finally:
            server.kill()
    return ready - began, time.monotonic() - begin


def summary(what: str, seconds: Sequence[float]) -> str:
    ranking = sorted(seconds)
    return f"{what} after {ranking[len(ranking) // 2]:.3f} s (median), {ranking[-1]:.3f} s (worst)"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--times", type=int, default=1_000)
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="how many servers start at the same time")
    options = parser.parse_args()
    with ThreadPoolExecutor(options.jobs) as pool:
        lives = list(pool.map(cold_start, range(options.times)))
    print(f"{len(lives)} cold starts, and every first request succeeded")  # noqa: T201
    print(summary("ready", [ready for ready, _ in lives]))  # noqa: T201
    print(summary("gone", [end for _, end in lives]))  # noqa: T201


if __name__ == "__main__":
    main()
