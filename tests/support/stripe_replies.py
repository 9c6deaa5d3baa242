"""Responses of the emulator in the shipped Stripe scenarios, in any version, for comparison with a client's types."""

from __future__ import annotations

import json
import re
from typing import Any

from emulator.client.in_process import InProcessClient
from emulator.scenario.client import Headers, ReceivedResponse
from emulator.scenario.player import play
from emulator.vendors.stripe import STRIPE
from emulator.vendors.stripe.files.model.links import MOUNT
from emulator.vendors.stripe.model.endpoints import PUBLIC, endpoints_of
from emulator.vendors.stripe.model.versions import is_well_formed, parse_version
from tests.support.loading import LIBRARY

SCENARIOS = [name for name in LIBRARY.names() if name.startswith("stripe/")]
ASKED = [(operation.name, operation.method, operation.path) for operation in STRIPE.operations if MOUNT not in operation.mounts]


class Listening(InProcessClient):
    """A client that asks in one version, without assumptions, and keeps the body of each reply that is Stripe's and no refusal."""

    def __init__(self, version: str) -> None:
        super().__init__()
        self._version = version.encode()
        self.bodies: list[dict[str, Any]] = []
        self.operations: set[str] = set()

    def send(self, method: str, target: bytes, headers: Headers = (), content: bytes | None = None) -> ReceivedResponse:
        if target.endswith(b"/worlds") and content is not None:
            reply_body = json.loads(content)
            reply_body["scenario"].pop("assume", None)
            content = json.dumps(reply_body).encode()
        response = super().send(method, target, [(name, self._asked(name, value)) for name, value in headers], content)
        if target.startswith(b"/v2/") and response.status == 200 and response.header("emulator-basis"):
            self.bodies.append(json.loads(response.content))
            path = target.decode().partition("?")[0]
            self.operations |= {name for name, verb, of in ASKED if verb == method and _is_at(path, of)}
        return response

    def _asked(self, name: bytes, value: bytes) -> bytes:
        return self._version if name.lower() == b"stripe-version" and is_well_formed(parse_version(value.decode())) else value


def _is_at(path: str, template: str) -> bool:
    return re.fullmatch("/v2/core" + re.sub(r"{\w+}", "[^/]+", template), path) is not None


def replies_in(version: str) -> list[dict[str, Any]]:
    """Return the body of every reply to the calls of the shipped scenarios, asked in a version; what they expect is no matter."""
    client = Listening(version)
    for name in SCENARIOS:
        play(LIBRARY.get(name), client)
    assert client.operations == {name for name, _, _ in ASKED}
    return client.bodies


def public_paths_of(version: str) -> list[str]:
    """Return the paths that jobs of a version may call in the public channel, each once."""
    return sorted({endpoint.path for endpoint in endpoints_of(version, PUBLIC)})
