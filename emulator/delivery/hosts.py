"""The places to which notifications may be sent, and the URLs that lead to one of them."""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import IPv4Address, IPv6Address, ip_address
from urllib.parse import SplitResult, urlsplit

from emulator.kernel.errors import EmulatorError
from emulator.kernel.resource import Struct
from emulator.text.pattern import pattern
from emulator.text.redact import redact_text

PORTS = {"http": 80, "https": 443}
"""The schemes by which a notification can be sent, each with its own port."""

ANY = 0
"""The port that stands for every one."""

LONGEST = 8_000
"""Characters of a URL."""

NAME = pattern(r"(?=.{1,253}\Z)[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?)*")
NETLOC = pattern(r"(?:\[([0-9A-Fa-f:.]+)\]|([^\[\]:@]*))(?::([0-9]{0,5}))?")
NUMBER = pattern(r"[0-9]+|0x[0-9a-f]*")
PLAIN = pattern(r"[!-\[\]-~]+")
"""Visible characters of ASCII but a backslash, which some readers take for a slash."""

Address = IPv4Address | IPv6Address


class Refused(EmulatorError):
    """A place to which nothing is sent; the message says why."""


class Target(Struct, frozen=True):
    """The target of a POST: a host's name in lower case, or its address as printed; a port; and the path with its query."""

    scheme: str
    host: str
    port: int
    path: str

    @property
    def authority(self) -> str:
        """The value of the header Host."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == PORTS[self.scheme] else f"{host}:{self.port}"


class Hosts:
    """The hosts that may be sent notifications, each with a port, or `*` for every one; without, it is that of http or https.

    Raises:
        ValueError: a text is no `HOST[:PORT]`.
    """

    def __init__(self, texts: Iterable[str] = ()) -> None:
        written = [each for text in texts for each in text.split(",") if each.strip()]
        self._places = dict.fromkeys(place for each in written for place in _places(each))

    def __bool__(self) -> bool:
        return bool(self._places)

    def target(self, url: str) -> Target:
        """Return where a URL leads.

        Raises:
            Refused: it leads to none of these places, or is none that anything is sent to.
        """
        if not self._places:
            raise Refused("nothing is sent, since the server has no --deliver-to (EMULATOR_DELIVER_TO)")
        target = _target(url)
        if not self._has(target.host, target.port):
            raise Refused(f"--deliver-to does not name {place_of(target.host, target.port)}, but {self}")
        return target

    def names(self, address: Address, port: int) -> bool:
        """Return whether an address itself is one of these hosts."""
        return self._has(str(address), port)

    def _has(self, host: str, port: int) -> bool:
        return (host, port) in self._places or (host, ANY) in self._places

    def __str__(self) -> str:
        return " and ".join(place_of(*it) for it in self._places)


def place_of(host: str, port: int) -> str:
    """Return a host and a port as one text."""
    return f"{f'[{host}]' if ':' in host else host}:{port or '*'}"


def usual_host(host: str) -> str:
    """Return the one spelling of a host: a name in lower case, or an address as it is printed.

    Raises:
        ValueError: it is neither, or an address in a form in which readers do not agree.
    """
    try:
        return str(usual_address(ip_address(host)))
    except ValueError:
        name = host.lower().removesuffix(".")
    if NUMBER.fullmatch(name.rpartition(".")[2]):
        raise ValueError(f"{host!r} is no address: write four decimal numbers, such as 127.0.0.1")
    if not NAME.fullmatch(name):
        raise ValueError(f"{host!r} is no host: give a name of ASCII letters (of others, its xn-- form) or an address")
    return name


def usual_address(address: Address) -> Address:
    """Return the address that is meant: of an IPv4 address in the form of IPv6, that.

    Raises:
        ValueError: it names an interface of this machine.
    """
    if isinstance(address, IPv4Address):
        return address
    if address.scope_id:
        raise ValueError(f"{address} names an interface")
    return address.ipv4_mapped or address


def _places(text: str) -> list[tuple[str, int]]:
    """Return the places that `HOST[:PORT]` names."""
    bare = text.strip()
    if "/" in bare or "@" in bare:
        raise ValueError(f"{redact_text(bare)!r} is more than a host: give HOST or HOST:PORT")
    is_any = bare.endswith(":*")
    is_bare_address = bare.count(":") > 1 and not bare.startswith("[")
    try:
        host, port = _place(f"[{bare}]" if is_bare_address else bare.removesuffix(":*"))
    except ValueError as error:
        raise ValueError(f"{redact_text(bare)!r} is no HOST[:PORT]: {error}") from None
    return [(host, it) for it in ((ANY,) if is_any else PORTS.values() if port is None else (port,))]


def _place(netloc: str) -> tuple[str, int | None]:
    """Return host and port. The standard library reads over what stands between brackets and a colon, and so is not asked."""
    match = NETLOC.fullmatch(netloc)
    if match is None:
        raise ValueError(f"{netloc!r} is no host with a port")
    address, name, port = match.groups()
    host = usual_host(name) if address is None else str(usual_address(IPv6Address(address)))
    if port and not 0 < int(port) < 65_536:
        raise ValueError(f"there is no port {port}")
    return host, int(port) if port else None


def _target(url: str) -> Target:
    split = _split(url)
    if split.scheme not in PORTS:
        raise Refused(f"its URL is one of {split.scheme or 'no scheme'}, and a notification is sent by http or https")
    if "@" in split.netloc:
        raise Refused("its URL has a user or a password, which no notification is sent with")
    try:
        host, port = _place(split.netloc)
    except ValueError as error:
        raise Refused(f"its URL leads nowhere: {redact_text(str(error))}") from None
    path = (split.path or "/") + (f"?{split.query}" if split.query else "")
    return Target(split.scheme, host, port or PORTS[split.scheme], path)


def _split(url: str) -> SplitResult:
    if len(url) > LONGEST:
        raise Refused(f"its URL has more than {LONGEST} characters")
    if not PLAIN.fullmatch(url):
        raise Refused("its URL has a blank, a backslash, or a character that must be percent-encoded")
    try:
        return urlsplit(url)
    except ValueError as error:
        raise Refused(f"its URL is none: {redact_text(str(error))}") from None
