"""Framing against h11, and the same streams over the socket: the server answers on, whatever came before."""

from __future__ import annotations

import random
import socket
import time

from tests.attack.framing_campaign import campaign
from tests.attack.served import Findings, Server

PIECES = (
    b"GET /live/account?api_key=k HTTP/1.1\r\nHost: a\r\n\r\n",
    b"POST /live/batches?api_key=k HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
    b"POST /live/batches?api_key=k HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n{}",
    b"HEAD /_emulator/health HTTP/1.1\r\nHost: a\r\n\r\n",
)


def against_h11(server: Server, seed: int, seconds: float) -> Findings:
    """Play mutated streams, half of the time in process with h11 as the judge, half over the socket."""
    outcome = campaign(seconds / 2, seed)
    findings = Findings(sum(outcome.verdicts.values()), [*outcome.findings])
    draw, end = random.Random(seed), time.monotonic() + seconds / 2
    while time.monotonic() < end:
        _mutate(server, draw)
        findings.tried += 1
        if findings.tried % 20 == 0 and server.client().ask("GET", "/_emulator/health")[0] != 200:
            findings.find("the server does not answer after a mutated stream")
    return findings


def _mutate(server: Server, draw: random.Random) -> None:
    """Send a few requests of which some bytes are others, in some pieces, and read what comes."""
    stream = bytearray(b"".join(draw.choice(PIECES) for _ in range(draw.randint(1, 5))))
    for _ in range(draw.randint(0, 4)):
        place = draw.randrange(len(stream))
        stream[place : place + draw.randint(0, 3)] = draw.choice(
            (b"\r", b"\n", b"\0", b" ", b"0", b"ffffffff", b":", b"\t", b"")
        )
    host, _, port = server.netloc.rpartition(":")
    with socket.create_connection((host.strip("[]"), int(port)), 10) as connection:
        try:
            for begin in range(0, len(stream), size := draw.randint(1, len(stream))):
                connection.sendall(stream[begin : begin + size])
            connection.shutdown(draw.choice((socket.SHUT_WR, socket.SHUT_RDWR)))
            while connection.recv(65_536):
                pass
        except OSError:
            return
