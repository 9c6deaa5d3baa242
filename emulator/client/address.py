"""The address of a server, read from a URL as people write it."""

from __future__ import annotations

from typing import NamedTuple
from urllib.parse import SplitResult, urlsplit

from emulator.kernel.errors import EmulatorError
from emulator.text.pattern import pattern
from emulator.web.guard import PREFIX

PORTS = {"http": 80, "https": 443}
UNPRINTABLE = pattern(r"[\s\x00-\x1f\x7f]")


class BadAddress(EmulatorError):
    """A text that is not the URL of a server."""


class Address(NamedTuple):
    """Scheme, host (an IPv6 address without brackets), port, and the path below which the server lies, mostly empty."""

    scheme: str
    host: str
    port: int
    path: str = ""

    @classmethod
    def read(cls, text: str) -> Address:
        """Read `http://host:port`; blanks around it, a slash after it and a missing scheme do no harm.

        Raises:
            BadAddress: it is no such URL, and why.
        """
        stripped = text.strip()
        if "[" not in stripped and stripped.rpartition("://")[2].partition("/")[0].rpartition("@")[2].count(":") > 1:
            raise BadAddress("an address of IPv6 needs brackets: [::1]:8080")
        try:
            parts = urlsplit(stripped if "://" in stripped else f"http://{stripped}")
            port = parts.port
        except ValueError as error:
            raise BadAddress(str(error)) from None
        _check(parts)
        path = parts.path.rstrip("/").removesuffix(PREFIX)
        return cls(parts.scheme, parts.hostname or "", PORTS[parts.scheme] if port is None else port, path)

    @property
    def netloc(self) -> str:
        """Host and port as a Host header has them; the usual port is left out."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == PORTS[self.scheme] else f"{host}:{self.port}"

    def __str__(self) -> str:
        return f"{self.scheme}://{self.netloc}{self.path}"


def _check(parts: SplitResult) -> None:
    if parts.scheme not in PORTS:
        raise BadAddress(f"its scheme is {parts.scheme!r}, and should be http or https")
    if not parts.hostname:
        raise BadAddress("it names no host")
    if parts.username is not None:
        raise BadAddress("it names a user, which no emulator knows: the control token is given as EMULATOR_CONTROL_TOKEN")
    if parts.query or parts.fragment:
        raise BadAddress("it ends in a query or a fragment, and should end with host and port")
    if UNPRINTABLE.search(parts.netloc + parts.path):
        raise BadAddress("there is a blank in it")
    try:
        parts.hostname.encode("idna")
    except UnicodeError:
        raise BadAddress(f"{parts.hostname!r} is no host name") from None
