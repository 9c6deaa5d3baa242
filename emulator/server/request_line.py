"""The first line of a request as people type it: a target in plain UTF-8, which no parser takes, means its percent-encoding."""

from __future__ import annotations

from codecs import getincrementaldecoder
from collections.abc import Iterator

from httptools import HttpParserUpgrade, HttpRequestParser
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from emulator.text.pattern import pattern
from emulator.web.requests import percent_encoded

_REQUEST = pattern(rb"[A-Z]{3,} ")

_BETWEEN, _IN_HEAD, _IN_BODY = range(3)


class RequestLine:
    """Follows the first lines of the requests on one connection, and encodes the bytes of each that are not ASCII.

    The parser's events tell it where a request begins, where its head ends and where it ends. `is_broken` says that a first
    line is not in UTF-8. One that begins in the same piece of data as the end of a body is not followed: the parser refuses it
    where it is not ASCII.
    """

    def __init__(self) -> None:
        self.is_broken = False
        self._decoder = getincrementaldecoder("utf-8")()
        self._stage, self._is_open, self._has_begun = _BETWEEN, False, False
        self._heard: list[bytes] = []
        self._found = self._checked = 0

    def begin(self) -> None:
        self._stage, self._has_begun = _IN_HEAD, True

    def begin_with(self, head: bytes) -> None:
        """Begin with a request whose whole head is this piece."""
        self._stage, self._heard, self._checked = _IN_HEAD, [head], 0

    def end_head(self) -> None:
        self._stage = _IN_BODY
        ends = self._heard[0].find(b"\r\n\r\n", self._found - 2)
        self._checked = ends + 4 if ends >= 0 else self._found

    def pass_over(self, body: bytes) -> None:
        """Look for no first line in this part of a body."""
        begins = self._heard[0].find(body, self._checked)
        if begins >= 0:
            self._checked = begins + len(body)

    def end(self) -> None:
        self._stage = _BETWEEN

    def is_spelt(self, method: bytes, target: bytes, version: str) -> bool:
        """Tell whether the first line whose head has just ended is spelt as RFC 9112 (3) has it, with single spaces.

        The parser also takes more spaces, no version, and the versions of RTSP and ICE for one of HTTP.
        """
        line, heard = b"%s %s HTTP/%s\r\n" % (method, target, version.encode()), b"".join(self._heard)
        begins = self._begin_of(method, heard)
        self._heard, self._found = [heard], begins + len(line)
        return heard.startswith(line, begins)

    def _begin_of(self, method: bytes, heard: bytes) -> int:
        """Find the first line with this method: what comes before it are line ends, the last chunk and trailers."""
        if heard.startswith(method + b" ", self._checked):
            return self._checked
        return heard.find(b"\n%s " % method, self._checked) + 1 or len(heard)

    def pieces(self, data: bytes) -> Iterator[bytes]:
        """Yield the data as the parser gets it, which has taken in each piece before the next is made."""
        for piece in self._pieces(data):
            if self._stage == _IN_HEAD:
                self._heard.append(piece)
            else:
                self._heard, self._checked = [piece], 0  # a first line that begins before its end is looked for in it
            yield piece
        if self._stage != _IN_HEAD:
            self._heard = []

    def _pieces(self, data: bytes) -> Iterator[bytes]:
        self._has_begun = False
        if data.isascii() and not self._decoder.getstate()[0]:
            yield data
        else:
            yield from self._lines(data)
        if not self._has_begun:
            self._is_open = self._is_open and b"\n" not in data
        else:
            self._is_open = self._stage == _IN_HEAD and b"\n" not in data.lstrip(b"\r\n").rpartition(b"\n\r\n")[2]

    def _lines(self, data: bytes) -> Iterator[bytes]:
        while data and self._stage != _IN_BODY:
            line, end, data = data.partition(b"\n")
            if self._is_open or (self._stage == _BETWEEN and _REQUEST.match(line)):
                yield self._encoded(line + end)
            else:
                yield line + end
        if data:
            yield data

    def _encoded(self, line: bytes) -> bytes:
        self._is_open = not line.endswith(b"\n")
        try:
            self._decoder.decode(line, final=not self._is_open)
        except UnicodeDecodeError:
            self.is_broken = True
        return percent_encoded(line)


def feed(protocol: HttpToolsProtocol, data: bytes | memoryview) -> None:
    """Feed the protocol's parser. It ends a message with an offer at its head, whose body it would take for a request.

    Raises:
        HttpParserError: this is no HTTP, or a callback has raised.
    """
    while data:
        try:
            protocol.parser.feed_data(data)
            return
        except HttpParserUpgrade as offer:
            data = memoryview(data)[offer.args[0] :]
        parse_without_upgrade(protocol)


def parse_without_upgrade(protocol: HttpToolsProtocol) -> None:
    """Parse the head that has just ended, without its offer, with a parser that goes on with what follows."""
    ended = protocol.parser
    lines = [b"%s %s HTTP/%s" % (ended.get_method(), protocol.url, ended.get_http_version().encode())]
    lines += [b"%s: %s" % header for header in protocol.headers if header[0] != b"upgrade"]
    protocol.parser = HttpRequestParser(protocol)
    protocol.parser.set_dangerous_leniencies(lenient_data_after_close=True)  # as uvicorn makes its own
    protocol.parser.feed_data(b"\r\n".join([*lines, b"\r\n"]))
