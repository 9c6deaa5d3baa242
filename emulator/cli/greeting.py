"""The lines with which `serve` begins, for people: the worlds, the time, where to look, and calls to paste."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from pathlib import Path

from emulator.kernel.clock import FROZEN, REAL
from emulator.kernel.time import format_instant
from emulator.kernel.world import World
from emulator.kernel.worlds import Worlds

BATCH, JOB, PAYMENTS = "2A6F94BB", "batchv2_AbCdEfGhIjKlMnOpQrStUvWxYz", "f945d71c-b00f-4e77-8175-253093157a2f"
NEEDED = (("serpwow.batch", BATCH), ("stripe.batch_job", JOB), ("6dot50.batch", PAYMENTS), ("6dot50.token", "demo"))
"""The kind and the id of each resource that the calls need."""

KEYS = {"serpwow": "demo", "stripe": "sk_test_123"}
"""The credential of each call that any world takes, unless its scenario lists its own."""


def greeting(url: str, worlds: Worlds, with_calls: bool, certificate: Path | None) -> Iterator[str]:
    """Yield the lines; `certificate` is where that of the authority is kept that a client has to trust, if any."""
    names = ", ".join(world.id for world in worlds)
    yield f"{'World' if len(worlds) == 1 else 'Worlds'}: {names}. In {worlds.default.id}, {_time_in(worlds.default)}."
    yield f"An index of what can be asked: {url}/. Ctrl-C stops the server. A line follows for each exchange, unless --quiet."
    if certificate:
        yield f"Clients trust {shlex.quote(str(certificate))} (stripe.ca_bundle_path, SSL_CERT_FILE, ...), or nothing."
    if with_calls and _has_all_that_is_called(worlds.default):
        yield "Three calls to paste:"
        yield from _three_curls(url, certificate)


def _time_in(world: World) -> str:
    now, rate = format_instant(world.clock.now()), world.clock.rate
    if rate == FROZEN:
        return f"time stands still at {now} until you move it"
    return f"it is {now}, and time runs" if rate == REAL else f"it is {now}, and time runs {rate:g} times as fast"


def _has_all_that_is_called(world: World) -> bool:
    """Tell whether the calls would find their resources: a scenario of one's own may be served under the same name."""
    has_all = all(world.store.find(kind, id) is not None for kind, id in NEEDED)
    view = world.transaction("look")
    return has_all and all(view.accepts(vendor, key) for vendor, key in KEYS.items())


def _three_curls(url: str, certificate: Path | None) -> Iterator[str]:
    """Yield one call of each vendor."""
    curl = "  curl"
    if "[" in url:
        curl += " -g"  # older ones take the brackets of an address for a pattern
    if certificate:
        curl += f" --cacert {shlex.quote(str(certificate))}"
    base = shlex.quote(url)
    yield f"{curl} {shlex.quote(f'{url}/live/batches/{BATCH}/stop?api_key=demo')}"
    yield (
        f"{curl} -X POST {base}/v2/core/batch_jobs/{JOB}/cancel"
        " -H 'Authorization: Bearer sk_test_123' -H 'Stripe-Version: 2026-03-25.preview'"
    )
    yield f"{curl} -X POST {base}/za/pay/batches/{PAYMENTS}/cancel -H 'Authorization: Bearer demo'"
