"""Streams of requests, right and mutated, read by the line and by h11: the same messages, or a refusal that is listed here.

    python -m tests.attack.framing_campaign --minutes 30 --seed 1

plays for so long; the suite plays a short round (tests/server/test_framing.py). `campaign(seconds, seed)` is for other programs.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from typing import Any, NamedTuple

import h11
import uvicorn
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from uvicorn.server import ServerState

from emulator.kernel.limits import Limits
from emulator.server.connection import HttpConnection
from emulator.server.framing import origin_form
from emulator.web.connection import Receive, Scope, Send
from emulator.web.guard import Guard

LIMITS = Limits(url=200, head=2_000, headers=20)

STRICTER = {
    "Expected CRLF after version": "a bare LF, or more after the version (RFC 9112, 2.2)",
    "Missing expected CR after": "a bare LF (RFC 9112, 2.2)",
    "Missing expected LF after": "a bare CR (RFC 9112, 2.2)",
    "Expected LF after": "a bare CR (RFC 9112, 2.2)",
    "Unexpected whitespace after header value": "obsolete line folding (RFC 9112, 5.2)",
    "Unexpected space after start line": "a head that begins with white space (RFC 9112, 2.2)",
    "Invalid header value char": "a control character in a value (RFC 9110, 5.5)",
    "Invalid header": "a bare LF or CR within the head (RFC 9112, 2.2)",
    "Duplicate Content-Length": "a repeated length (RFC 9112, 6.3)",
    "Invalid character in Content-Length": "a list of lengths (RFC 9112, 6.3)",
    "Invalid character in chunk size": "white space after a chunk's size (RFC 9112, 7.1.1)",
    "Invalid character in chunk extensions": "a malformed chunk extension (RFC 9112, 7.1.1)",
    "Chunk size overflow": "a chunk of 2^64 bytes or more (RFC 9112, 7.1)",
    "Content-Length overflow": "a body of 2^64 bytes or more (RFC 9112, 6.3)",
    "Content-Length can't be present": "a length among the trailers (RFC 9110, 6.5.1)",
    "Transfer-Encoding can't be present": "a coding beside a length (RFC 9112, 6.3)",
    "Invalid `Transfer-Encoding`": "a coding among the trailers (RFC 9110, 6.5.1)",
    "Request has invalid `Transfer-Encoding`": "a coding among the trailers (RFC 9110, 6.5.1)",
    "Empty Transfer-Encoding": "a coding among the trailers (RFC 9110, 6.5.1)",
    "Empty Content-Length": "a length among the trailers (RFC 9110, 6.5.1)",
    "HTTP/1.0 has no Transfer-Encoding": "a coding in HTTP/1.0 (RFC 9112, 6.1)",
    "Invalid method": "a method that nobody registered, or of another protocol (RFC 9110, 9.1)",
    "Expected space after method": "a method that nobody registered (RFC 9110, 9.1)",
    "Expected HTTP/": "another protocol",
    "Invalid char": "a character that no URL has (RFC 3986)",
    "Unexpected char in url": "a target that is no path and no URL (RFC 9112, 3.2)",
    "Unexpected start char in url": "a target that is no path and no URL (RFC 9112, 3.2)",
    "its target": "a target that is no path and no URL (RFC 9112, 3.2)",
    "the target *": "an asterisk without OPTIONS (RFC 9112, 3.2.4)",
    "is not supported": "a version other than 1.0 and 1.1 (RFC 9110, 15.6.6)",
    "this is no proxy": "CONNECT (RFC 9110, 9.3.6)",
    "no expectation but": "an expectation that is not met (RFC 9110, 10.1.1)",
    "a target has at most": "a bound",
    "a request's head has": "a bound",
}
"""Why the line may refuse what h11 takes: a part of its message, and the rule."""

MILDER = {
    "illegal request line": "blank lines, also with a bare CR or LF, are skipped before a request (RFC 9112, 2.2)",
    "no request line received": "as before",
    "illegal chunk header": "a chunk's size may have any number of leading zeros",
}
"""Why the line may take what h11 refuses: a part of h11's message, and the rule. Each is checked where it is met."""


class Disagreement(AssertionError):
    """A difference that no rule allows."""


class Message(NamedTuple):
    """A request as its reader hands it on."""

    method: str
    target: bytes
    version: str
    headers: tuple[tuple[bytes, bytes], ...]
    body: bytes


class Reading(NamedTuple):
    """The messages in a stream, and why what follows was refused, if it was.

    `closes` tells that the last ends the connection; `turned` has the statuses with which the guard refuses messages, or 0.
    """

    messages: tuple[Message, ...]
    refusal: str | None
    closes: bool = False
    turned: tuple[int, ...] = ()


# --- the judge


def read_by_h11(stream: bytes) -> Reading:
    """Read a stream as h11 does, with an answer to each request."""
    judge, request, body = h11.Connection(h11.SERVER, max_incomplete_event_size=100_000), None, b""
    messages: list[Message] = []
    judge.receive_data(stream)
    judge.receive_data(b"")
    try:
        while True:
            event = judge.next_event()
            if isinstance(event, h11.Request):
                request, body = event, b""
            elif isinstance(event, h11.Data):
                body += event.data
            elif isinstance(event, h11.EndOfMessage):
                assert request is not None
                if request.method == b"CONNECT":  # an answer would end the reading of HTTP
                    return Reading((*messages,), "a tunnel")
                messages.append(_of_h11(request, body))
                judge.send(h11.Response(status_code=200, headers=[("content-length", "0")]))
                judge.send(h11.EndOfMessage())
                if judge.our_state is not h11.DONE or judge.their_state is not h11.DONE:
                    return Reading((*messages,), None, True)
                judge.start_next_cycle()
            else:
                return Reading((*messages,), None)
    except h11.RemoteProtocolError as error:
        return Reading((*messages,), str(error))


def _of_h11(request: h11.Request, body: bytes) -> Message:
    target, headers = origin_form(request.target, [*request.headers])
    return Message(request.method.decode(), target, request.http_version.decode(), _comparable(headers), body)


def _comparable(headers: Sequence[tuple[bytes, bytes]]) -> tuple[tuple[bytes, bytes], ...]:
    """Headers without those that only frame a message, which h11 spells anew, and without an offer, which is not taken up."""
    return tuple((n, v) for n, v in headers if n not in {b"content-length", b"transfer-encoding", b"upgrade"})


# --- the line


class FakeTransport:
    """A transport without a socket, which says when its reader wants a pause."""

    def __init__(self) -> None:
        self.written = bytearray()
        self.is_open = self.reads = True

    def write(self, data: bytes) -> None:
        self.written += data

    def close(self) -> None:
        self.is_open = False

    abort = close

    def is_closing(self) -> bool:
        return not self.is_open

    def can_write_eof(self) -> bool:
        return False

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return ("127.0.0.1", 49_152) if name == "peername" else default

    def get_write_buffer_size(self) -> int:
        return 0

    def pause_reading(self) -> None:
        self.reads = False

    def resume_reading(self) -> None:
        self.reads = True


class Recorder:
    """An application that notes each whole request, and answers it with its number."""

    def __init__(self) -> None:
        self.messages: list[Message] = []
        self.turned: list[int] = []
        self._guard = Guard()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        body, more = b"", True
        while more:
            event = await receive()
            if event["type"] == "http.disconnect":
                return
            body, more = body + event["body"], event["more_body"]
        refusal = self._guard.check(scope)
        self.turned.append(refusal.status if refusal else 0)
        target = scope["raw_path"] + (b"?" + scope["query_string"] if scope["query_string"] else b"")
        self.messages.append(Message(scope["method"], target, scope["http_version"], _comparable(scope["headers"]), body))
        headers = [(b"content-length", b"0"), (b"number", b"%d" % len(self.messages))]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b""})


QUIET = logging.getLogger("tests.attack.framing_campaign")
QUIET.disabled = True


class BoundedLine(HttpConnection):
    limits = LIMITS


async def _read_by_line(pieces: Sequence[bytes]) -> Reading:
    app, wire = Recorder(), FakeTransport()
    config = uvicorn.Config(app, log_config=None, ws="none", lifespan="off", access_log=False)
    line = BoundedLine(config, ServerState(), {}, asyncio.get_running_loop())
    line.logger = QUIET
    line.connection_made(wire)  # type: ignore[arg-type]
    for piece in pieces:
        await _settle(lambda: wire.reads or not wire.is_open)
        if wire.is_open:
            line.data_received(piece)
    await _settle(lambda: wire.reads or not wire.is_open)
    stays = wire.is_open and line.eof_received()
    await _settle(lambda: not wire.is_open if stays else True)
    line.connection_lost(None)
    await _settle(lambda: not line.tasks)
    return _of_written(bytes(wire.written), app.messages)._replace(turned=(*app.turned,))


async def _settle(is_settled: Callable[[], bool]) -> None:
    """Let the loop go round until something is so; a hundred rounds are enough for any request here.

    Raises:
        Found: it never is.
    """
    for _ in range(8):
        await asyncio.sleep(0)
    for _ in range(1_000):
        if is_settled():
            return
        await asyncio.sleep(0)
    raise Disagreement("the line neither reads on, nor answers, nor closes")


def _of_written(data: bytes, messages: list[Message]) -> Reading:
    """Read the answers, which must be one for each message, in order, and at most one refusal at the end."""
    replies = [reply for reply in _replies(data) if reply[0] != 100]
    numbers = [int(head.partition(b"\r\nnumber: ")[2].partition(b"\r\n")[0]) for status, head, _ in replies if status == 200]
    if numbers != [*range(1, len(messages) + 1)]:
        raise Disagreement(f"{len(messages)} messages were acted upon, and answered with {numbers}")
    refusals = [body for status, _, body in replies if status != 200]
    if len(refusals) > 1 or (refusals and replies[-1][0] == 200):
        raise Disagreement(f"answers after a refusal: {data!r}")
    closes = bool(replies) and b"\r\nconnection: close" in replies[-1][1]
    return Reading((*messages,), json.loads(refusals[0])["message"] if refusals else None, closes)


def _replies(data: bytes) -> Iterator[tuple[int, bytes, bytes]]:
    while data:
        head, _, data = data.partition(b"\r\n\r\n")
        length = next((int(line.partition(b":")[2]) for line in head.split(b"\r\n") if line.startswith(b"content-length:")), 0)
        yield int(head.split(b" ")[1]), head, data[:length]
        data = data[length:]


# --- the verdict


def compare(stream: bytes, emulator_error: Reading, theirs: Reading) -> str:
    """Return how the two readings agree.

    Raises:
        Found: they do not, and no rule says why.
    """
    common = min(len(emulator_error.messages), len(theirs.messages))
    if emulator_error.messages[:common] != theirs.messages[:common]:
        raise Disagreement(f"{stream!r}\nis read as {emulator_error}\nand by h11 as {theirs}")
    if len(emulator_error.messages) > common:
        if "Host" in (theirs.refusal or "") and emulator_error.turned[common] == 400:
            return "both refuse"
        if _is_milder(stream, theirs):
            return "milder"
        raise Disagreement(f"{stream!r}\nis read as {emulator_error}\nand refused by h11 after {common}: {theirs.refusal}")
    if emulator_error.refusal is not None and theirs.refusal is None:
        if any(part in emulator_error.refusal for part in STRICTER):
            return "stricter"
        raise Disagreement(f"{stream!r}\nis refused without a rule: {emulator_error.refusal!r}; h11 reads {theirs}")
    if len(theirs.messages) > common and emulator_error.refusal is None and not emulator_error.closes:
        raise Disagreement(f"{stream!r}\nis read as {emulator_error}, and nothing is said of the rest; h11 reads {theirs}")
    if (
        len(theirs.messages) > common
        and emulator_error.refusal is not None
        and not any(part in emulator_error.refusal for part in STRICTER)
    ):
        raise Disagreement(f"{stream!r}\nis refused without a rule: {emulator_error.refusal!r}; h11 reads {theirs}")
    return "both refuse" if emulator_error.refusal else "the same"


def _is_milder(stream: bytes, theirs: Reading) -> bool:
    refusal = theirs.refusal or ""
    if "illegal chunk header" in refusal:
        return b"0" * 8 in stream
    return any(part in refusal for part in MILDER) and _has_blank_lines(stream)


def _has_blank_lines(stream: bytes) -> bool:
    """Tell whether there may be blank lines, or stray line ends, before a request."""
    return stream[:1] in b"\r\n" or any(end in stream for end in (b"\n\r\n", b"\r\r", b"\n\n", b"\n\r", b"}\r", b"}\n"))


def judge_stream(stream: bytes, cuts: Sequence[int] = ()) -> str:
    """Return how the line and h11 agree over a stream, which the line gets at once and in pieces cut at these places.

    Raises:
        Found: they do not, or the line reads the pieces as something else than the whole.
    """
    places = [0, *sorted({min(cut, len(stream)) for cut in cuts}), len(stream)]
    pieces = [stream[a:b] for a, b in pairwise(places) if a < b]
    at_once = asyncio.run(_read_by_line([stream] if stream else []))
    in_pieces = asyncio.run(_read_by_line(pieces))
    if stream.isascii() and at_once.messages != in_pieces.messages:
        raise Disagreement(f"{stream!r}\nis read as {at_once}\nand in the pieces {pieces} as {in_pieces}")
    return compare(stream, at_once, read_by_h11(stream))


# --- the streams

TARGETS = [
    b"/",
    b"/a?b=c",
    b"*",
    b"http://localhost/x?y",
    b"http://localhost",
    b"/a%20b",
    b"/a#b",
    b"//b",
    b"a:1",
    b"/" + b"x" * 300,
]
HEADERS = [
    *(b"Host: localhost", b"Host: localhost", b"X: y", b"X:", b"X:  y\t", b"X: a\r\n b", b"X : y", b"X: a\x01b", b"X"),
    *(b"Connection: close", b"Connection: keep-alive", b"Connection: upgrade\r\nUpgrade: h2c", b"Expect: 100-continue"),
    *(b"Expect: x", b"Content-Length: 2", b"Content-Length: 2, 2", b"Content-Length:", b"Content-Length: 02"),
    *(b"Transfer-Encoding: chunked", b"Transfer-Encoding: gzip, chunked", b"Transfer-Encoding: gzip", b"TE: trailers"),
]
NOISE = [
    b"\r\n",
    b"\n",
    b"\r",
    b" ",
    b"\t",
    b":",
    b";",
    b",",
    b"\x00",
    b"\x0b",
    b"0",
    b"1",
    b"\xff",
    b"{}",
    b"GET ",
    b"HTTP/1.0",
    b"#",
]
CHUNK_ENDS = [*[b""] * 20, b";a", b";a=b", b';a="b;c"', b" ", b" ;a", b";a\n", b";" + b"x" * 50]
TRAILERS = [
    *[b""] * 15,
    b"X: y\r\n",
    b"Content-Length: 5\r\n",
    b"Transfer-Encoding: chunked\r\n",
    b"Connection: close\r\n",
    b"X\r\n",
]


@st.composite
def requests(draw: st.DrawFn) -> bytes:
    """A request that is right, or nearly."""
    method = draw(
        st.sampled_from([b"GET", b"POST"] * 15 + [b"HEAD", b"PUT", b"OPTIONS", b"CONNECT", b"get", b"BREW", b"SOURCE"])
    )
    version = draw(st.sampled_from([b"HTTP/1.1"] * 60 + [b"HTTP/1.0", b"HTTP/2.0", b"HTTP/1.2", b"HTTP/0.9", b"RTSP/1.0"]))
    space = draw(st.sampled_from([b" "] * 30 + [b"  "]))
    headers = [b"Host: localhost"] * draw(st.sampled_from([1] * 20 + [0]))
    headers += draw(st.lists(st.sampled_from(HEADERS), max_size=2)) if draw(st.integers(0, 3)) == 0 else [b"X:  y\t"]
    framing, body = draw(bodies())
    target = draw(st.sampled_from([b"/", b"/a?b=c", b"http://localhost/x?y"] * 15 + TARGETS))
    return b"\r\n".join([space.join([method, target, version]), *headers, *framing, b"", body])


@st.composite
def bodies(draw: st.DrawFn) -> tuple[list[bytes], bytes]:
    """The header lines that frame a body, and the body, which may hold a request of its own."""
    content = draw(st.sampled_from([b"", b"{}", b"GET /hidden HTTP/1.1\r\nHost: x\r\n\r\n", b"0\r\n\r\n"]))
    how = draw(st.sampled_from(["none", "length", "length", "chunks", "chunks"]))
    if how == "none":
        return [], b""
    if how == "length":
        return [b"Content-Length: %d" % len(content)], content
    zeros, end = b"0" * draw(st.sampled_from([0, 0, 0, 1, 30])), draw(st.sampled_from(CHUNK_ENDS))
    chunk = b"%s%x%s\r\n%s\r\n" % (zeros, len(content), end, content) if content else b""
    return [b"Transfer-Encoding: chunked"], chunk + b"0\r\n" + draw(st.sampled_from(TRAILERS)) + b"\r\n"


@st.composite
def streams(draw: st.DrawFn) -> bytes:
    """Requests in a row, of which a few bytes are changed."""
    between = draw(st.sampled_from([b""] * 9 + [b"\r\n"]))
    stream = between.join(draw(st.lists(requests(), min_size=1, max_size=4)))
    for _ in range(draw(st.sampled_from([0, 0, 0, 1, 1, 2]))):
        place, length = draw(st.integers(0, len(stream))), draw(st.sampled_from([0, 0, 1, 2, 8]))
        stream = stream[:place] + draw(st.sampled_from([*NOISE, b""])) + stream[place + length :]
    return stream


# --- the campaign


def framing(case_seed: int, examples: int, verdicts: Counter[str] | None = None) -> None:
    """Judge so many streams, all of them decided by the seed.

    Raises:
        Found: the line and h11 differ, and no rule says why.
    """
    counts = Counter[str]() if verdicts is None else verdicts

    @given(stream=streams(), cuts=st.lists(st.integers(0, 400), max_size=4))
    def example(stream: bytes, cuts: list[int]) -> None:
        counts[judge_stream(stream, cuts)] += 1

    settings(
        max_examples=examples,
        deadline=None,
        database=None,
        derandomize=False,
        suppress_health_check=list(HealthCheck),
        phases=(Phase.generate, Phase.shrink),
        report_multiple_bugs=False,
    )(seed(case_seed)(example))()


class Outcome(NamedTuple):
    """The result of a campaign: how often the two agreed in which way, and each difference that no rule explains."""

    verdicts: Counter[str]
    findings: tuple[str, ...]


def campaign(seconds: float, seed: int, examples: int = 300) -> Outcome:
    """Judge streams for so long, in rounds of so many examples whose seeds count up from this one."""
    until, verdicts, findings = time.monotonic() + seconds, Counter[str](), []
    while time.monotonic() < until:
        try:
            framing(seed, examples, verdicts)
        except Exception:
            findings.append(f"seed {seed}: {traceback.format_exc()}")
        seed += 1
    return Outcome(verdicts, (*findings,))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    outcome = campaign(60 * options.minutes, options.seed)
    for finding in outcome.findings:
        print(f"FOUND by framing, {finding}", flush=True)  # noqa: T201
    print(f"{dict(outcome.verdicts)}: {len(outcome.findings)} findings", flush=True)  # noqa: T201


if __name__ == "__main__":
    main()
