"""Offers to go on in another protocol (Upgrade): none is taken up, and the request is read as without it (RFC 9110, 7.8)."""

from __future__ import annotations

from httptools import HttpParserUpgrade, HttpRequestParser
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol


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
        _parse_head_again(protocol)


def _parse_head_again(protocol: HttpToolsProtocol) -> None:
    """Parse the head that has just ended, without its offer, with a parser that goes on with what follows."""
    ended = protocol.parser
    lines = [b"%s %s HTTP/%s" % (ended.get_method(), protocol.url, ended.get_http_version().encode())]
    lines += [b"%s: %s" % header for header in protocol.headers if header[0] != b"upgrade"]
    protocol.parser = HttpRequestParser(protocol)
    protocol.parser.set_dangerous_leniencies(lenient_data_after_close=True)  # as uvicorn makes its own
    protocol.parser.feed_data(b"\r\n".join([*lines, b"\r\n"]))
