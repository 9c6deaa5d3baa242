"""Plain HTTP at the port of TLS: answered in plain words, and named in the log, in place of a connection that breaks off."""

from __future__ import annotations

import logging
import ssl
from typing import Any

from emulator.web.refusals import refusal

PLAIN = "plain http was spoken to the TLS (https) port; use https:// or serve without --tls"


class Handshake(ssl.SSLObject):
    """A handshake that answers a client which begins with a request in plain HTTP."""

    outgoing: ssl.MemoryBIO
    answered = False

    def do_handshake(self) -> None:
        """Raise as the handshake does; but where plain HTTP came in, first let the answer go out.

        A loop writes what is in `outgoing` when a handshake wants to read more, and drops it when one fails.
        """
        try:
            super().do_handshake()
        except ssl.SSLError as error:
            if self.answered or not _is_plain_http(error):
                raise
            self.answered = True
            logging.getLogger("uvicorn.error").warning("Invalid HTTP request received: %s", PLAIN)
            self.outgoing.write(refusal(400, "bad-request", PLAIN))
            raise ssl.SSLWantReadError from None


class Context(ssl.SSLContext):
    """A server's context, whose handshakes answer plain HTTP."""

    sslobject_class = Handshake

    def wrap_bio(self, incoming: ssl.MemoryBIO, outgoing: ssl.MemoryBIO, *options: Any, **named: Any) -> ssl.SSLObject:
        made = super().wrap_bio(incoming, outgoing, *options, **named)
        made.outgoing = outgoing  # type: ignore[attr-defined]
        return made


def _is_plain_http(error: ssl.SSLError) -> bool:
    return error.reason in {"HTTP_REQUEST", "HTTPS_PROXY_REQUEST", "WRONG_VERSION_NUMBER"}
