"""Values of the variables `EMULATOR_...`, without what files and secrets leave around them, and without what is not ours."""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Iterator, MutableMapping

from emulator.kernel.errors import EmulatorError
from emulator.text.nearest import PART, near
from emulator.text.pattern import pattern

PREFIX = "EMULATOR_"
CONTROL_TOKEN = "EMULATOR_CONTROL_TOKEN"  # noqa: S105  a variable's name

_SERVICE = r"(SERVICE_HOST|SERVICE_PORT|PORT_\d+_(TCP|UDP|SCTP))(_\w+)?|NAME|ENV_\w+"
"""Variables (without the prefix) that Kubernetes and Docker links set for a service called `emulator`."""

_VISIBLE = pattern(r"[!-~]+")


class BadToken(EmulatorError):
    """A control token cannot be sent in a header. The message never shows it."""


def env(name: str) -> str | None:
    """Return the variable without blanks and line ends around it; None where nothing is left."""
    return os.environ.get(name, "").strip() or None


def strip_all(environ: MutableMapping[str, str]) -> None:
    """Take the blanks and line ends from around the value of each of our variables."""
    for name, value in list(environ.items()):
        if name.startswith(PREFIX) and value != value.strip():
            environ[name] = value.strip()


def paths_in(value: str) -> list[str]:
    """Return the paths in a value: one to a line, or with the system's separator between them; blanks belong to them.

    A value that exists as a path is one, whatever is in it.
    """
    bare = value.strip()
    if os.path.exists(bare):
        return [bare]
    return [path.strip() for path in re.split(rf"[\n{re.escape(os.pathsep)}]", bare) if path.strip()]


def usable_token(token: str | None) -> str | None:
    """Return a control token without blanks and line ends around it; None where nothing is left.

    Raises:
        BadToken: it cannot be sent in a header.
    """
    bare = (token or "").strip()
    if bare and not _VISIBLE.fullmatch(bare):
        raise BadToken(
            "the control token (--control-token, EMULATOR_CONTROL_TOKEN) has a blank, a control character or "
            "a letter beyond ASCII in it, which no header can carry: take letters, digits and punctuation"
        )
    return bare or None


def is_service_address(value: str) -> bool:
    """Tell whether a value of EMULATOR_PORT is an address that Kubernetes or a Docker link put there: `tcp://10.0.0.1:8080`."""
    return value.partition("://")[0].lower() in ("tcp", "udp", "sctp") and "://" in value


def misspelt(environ: Collection[str], known: Collection[str]) -> Iterator[tuple[str, str]]:
    """Yield each variable of ours that nothing reads and that is nearly one that something does, with that one."""
    bare = [name.removeprefix(PREFIX) for name in known]
    for name in sorted(environ):
        word = name.removeprefix(PREFIX)
        if not name.startswith(PREFIX) or name in known or re.fullmatch(_SERVICE, word):
            continue
        if len(meant := near(word, bare, PART)) == 1:
            yield name, PREFIX + meant[0]
