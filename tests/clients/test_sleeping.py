"""A client that sleeps is tested on the world's clock: its sleeps pass virtual time, and nobody else's do."""

from __future__ import annotations

import asyncio
import gc
import logging
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from datetime import timedelta
from decimal import Decimal
from fractions import Fraction
from types import ModuleType
from typing import Any

import anyio
import pytest
import requests
import stripe
import tenacity
import urllib3
import urllib3.util.retry

from emulator import Emulator
from emulator.client.json_encoding import Duration

HOUR = timedelta(hours=1)
SLEEPERS = {
    "import time": "import time\ndef nap(): time.sleep(3600)",
    "import time as clock": "import time as clock\ndef nap(): clock.sleep(3600)",
    "from time import sleep": "from time import sleep\ndef nap(): sleep(3600)",
    "from time import sleep as wait": "from time import sleep as wait\ndef nap(): wait(3600)",
    "import asyncio": "import asyncio\ndef nap(): asyncio.run(wait())\nasync def wait(): await asyncio.sleep(3600)",
    "from asyncio import sleep": "import asyncio\nfrom asyncio import sleep\ndef nap(): asyncio.run(wait())\nasync def wait(): await sleep(3600)",
    "a default": "from time import sleep\ndef nap(wait=sleep): wait(3600)",
    "a default by name": "from time import sleep\ndef nap(*, wait=sleep): wait(3600)",
    "a class": "import time\nclass Client:\n    wait = time.sleep\n    def nap(self): self.wait(3600)\ndef nap(): Client().nap()",
    "a static method": "import time\nclass Client:\n    wait = staticmethod(time.sleep)\ndef nap(): Client().wait(3600)",
    "a default of a method": "import time\nclass Client:\n    def nap(self, wait=time.sleep): wait(3600)\ndef nap(): Client().nap()",
    "a default that is the module": "import time\ndef nap(clock=time): clock.sleep(3600)",
    "a nested class": "import time\nclass Client:\n    class Retry:\n        wait = time.sleep\ndef nap(): Client.Retry.wait(3600)",
    "a nested function": "import time\ndef nap():\n    def inner(): time.sleep(3600)\n    inner()",
    "a property": "import time\nclass Client:\n    @property\n    def nap(self): time.sleep(3600)\ndef nap(): Client().nap",
    "an object made before": "import time\nclass Client:\n    def __init__(self): self.wait = time.sleep\nCLIENT = Client()\ndef nap(): CLIENT.wait(3600)",
    "an object with slots": "import time\nclass Client:\n    __slots__ = ('wait',)\n    def __init__(self): self.wait = time.sleep\nCLIENT = Client()\ndef nap(): CLIENT.wait(3600)",
    "a frozen object": "import time\nclass Client:\n    def __init__(self): object.__setattr__(self, 'wait', time.sleep)\n    def __setattr__(self, *_): raise TypeError\nCLIENT = Client()\ndef nap(): CLIENT.wait(3600)",
    "an object that holds the module": "import time\nclass Client:\n    def __init__(self): self.clock = time\nCLIENT = [Client()]\ndef nap(): CLIENT[0].clock.sleep(3600)",
    "a dict": "import time\nSLEEPS = {'wait': time.sleep}\ndef nap(): SLEEPS['wait'](3600)",
    "a list": "import time\nSLEEPS = [time.sleep]\ndef nap(): SLEEPS[0](3600)",
    "a partial": "from functools import partial\nfrom time import sleep\nhour = partial(sleep, 3600)\ndef nap(): hour()",
    "a partial of an object": "from functools import partial\nimport time\nclass Client:\n    def __init__(self): self.hour = partial(time.sleep, 3600)\nCLIENT = Client()\ndef nap(): CLIENT.hour()",
    "a closure": "import time\ndef closure(wait=None):\n    wait = wait or time.sleep\n    return lambda: wait(3600)\nnap = closure()",
    "import anyio": "import anyio\ndef nap(): anyio.run(wait)\nasync def wait(): await anyio.sleep(3600)",
    "from anyio import sleep": "import anyio\nfrom anyio import sleep\ndef nap(): anyio.run(wait)\nasync def wait(): await sleep(3600)",
}
GATHERS = """
import asyncio
async def nap(seconds, woken):
    woken.append(await asyncio.sleep(seconds, seconds))
"""


@pytest.fixture
def emulator() -> Iterator[Emulator]:
    with Emulator() as emulator:
        yield emulator


def module_of(text: str, name: str = "a_client") -> ModuleType:
    module = ModuleType(name)
    exec(text, vars(module))
    return module


def held_by(module: ModuleType) -> list[Any]:
    """Return all values in a module, in its classes and in the defaults of its functions."""
    values = [*vars(module).items()]
    for value in [*vars(module).values()]:
        if isinstance(value, type):
            values += [*vars(value).items()]
    functions = [value for _, value in values if callable(value) and hasattr(value, "__defaults__")]
    return [*(value for _, value in values), *((function.__defaults__, function.__kwdefaults__) for function in functions)]


@pytest.mark.parametrize(
    ("seconds", "elapsed_seconds"),
    [
        (0, 0),
        (3, 3),
        (1.5, 1.5),
        (1.0004, 1.001),
        (1e-9, 0.001),
        (Decimal("0.25"), 0.25),
        (timedelta(seconds=1, microseconds=1), 1.001),
        ("1m30s", 90),
        (True, 1),
    ],
)
def test_a_sleep_passes_the_worlds_time_and_returns_nothing(
    emulator: Emulator, seconds: Duration, elapsed_seconds: float
) -> None:
    before = emulator.clock.now
    sleep: Callable[[Duration], object] = emulator.clock.sleep
    assert sleep(seconds) is None
    assert emulator.clock.now - before == timedelta(seconds=elapsed_seconds)


@pytest.mark.parametrize(
    ("seconds", "error"),
    [
        (-1, ValueError),
        (-0.001, ValueError),
        (float("nan"), ValueError),
        (float("inf"), ValueError),
        ("soon", ValueError),
        (None, TypeError),
        ([1], TypeError),
    ],
)
def test_what_time_sleep_refuses_is_refused_and_passes_no_time(
    emulator: Emulator, seconds: Any, error: type[Exception]
) -> None:
    before = emulator.clock.now
    with pytest.raises(error):
        emulator.clock.sleep(seconds)
    assert emulator.clock.now == before


LENGTHS = (
    "3",
    "1m30s",
    None,
    [1],
    timedelta(0),
    Decimal("0.001"),
    Fraction(1, 1000),
    False,
    0,
    0.001,
    -1,
    -0.5,
    1e300,
    1 << 80,
)


def refusal(sleep: Callable[[Any], object], length: Any) -> type[Exception] | None:
    """The exception that this sleep answers a length with."""
    try:
        sleep(length)
    except Exception as error:
        return type(error)
    return None


@pytest.mark.parametrize("length", [*LENGTHS, float("nan"), float("inf")], ids=repr)
def test_a_patched_time_sleep_refuses_what_the_original_refuses(emulator: Emulator, length: Any) -> None:
    module = module_of("import time\ndef nap(length): time.sleep(length)")
    refusal_of_original = refusal(time.sleep, length)
    with emulator.clock.patch_sleep(module):
        assert refusal(module.nap, length) is refusal_of_original


def test_a_patched_time_sleep_takes_its_length_by_position_only(emulator: Emulator) -> None:
    module = module_of("import time\ndef nap(): time.sleep(seconds=1)")
    with emulator.clock.patch_sleep(module), pytest.raises(TypeError):
        module.nap()


@pytest.mark.parametrize("length", [length for length in LENGTHS if length not in (1e300, 1 << 80)], ids=repr)
def test_a_patched_asyncio_sleep_refuses_what_the_original_refuses(emulator: Emulator, length: Any) -> None:
    module = module_of(
        "import asyncio\nasync def wait(length): await asyncio.sleep(length)\ndef nap(length): asyncio.run(wait(length))"
    )
    refusal_of_original = refusal(module.nap, length)
    with emulator.clock.patch_sleep(module):
        assert refusal(module.nap, length) is refusal_of_original


def test_what_is_due_while_a_client_sleeps_happens() -> None:
    with Emulator("first-run") as emulator:
        emulator.clock.sleep(2)
        assert emulator.serpwow.batch("2A6F94BB").status == "running"


def test_a_sleep_is_a_jump_also_where_the_clock_runs() -> None:
    with Emulator() as emulator:
        emulator.clock.run("real")
        before = emulator.clock.now
        emulator.clock.sleep(3600)
        assert emulator.clock.now - before >= HOUR


def test_a_sleep_can_be_awaited(emulator: Emulator) -> None:
    before = emulator.clock.now
    asyncio.run(emulator.aio.sleep(3600))
    assert emulator.clock.now - before == HOUR


@pytest.mark.parametrize("text", SLEEPERS.values(), ids=SLEEPERS)
def test_a_module_sleeps_on_the_worlds_clock_however_it_came_by_its_sleep(emulator: Emulator, text: str) -> None:
    module, before = module_of(text), emulator.clock.now
    held = held_by(module)
    with emulator.clock.patch_sleep(module):
        module.nap()
    assert emulator.clock.now - before == HOUR
    assert held_by(module) == held


def test_other_modules_and_all_else_of_time_stay_as_they_are(emulator: Emulator) -> None:
    module, before = module_of("import time, asyncio\ndef nap(): time.sleep(1)"), (time.sleep, asyncio.sleep)
    with emulator.clock.patch_sleep(module):
        assert (time.sleep, asyncio.sleep) == before
        assert (module.time.monotonic, module.asyncio.gather) == (time.monotonic, asyncio.gather)
        assert module.time.sleep != time.sleep
        assert "monotonic" in dir(module.time)
    assert (module.time, module.asyncio) == (time, asyncio)


def test_a_module_is_put_back_when_its_client_fails(emulator: Emulator) -> None:
    module = module_of(SLEEPERS["import time"])
    with pytest.raises(ZeroDivisionError), emulator.clock.patch_sleep(module):
        _ = 1 / 0
    assert module.time is time


def test_several_modules_are_patched_at_once_and_again_for_another_world(emulator: Emulator) -> None:
    one, two = module_of(SLEEPERS["import time"]), module_of(SLEEPERS["from time import sleep"], "another")
    before = emulator.clock.now
    with emulator.clock.patch_sleep(one, two):
        with Emulator() as other, other.clock.patch_sleep(one):
            start = other.clock.now
            one.nap()
            assert other.clock.now - start == HOUR
        one.nap()
        two.nap()
    assert emulator.clock.now - before == 2 * HOUR
    assert (one.time, two.sleep) == (time, time.sleep)


def test_a_library_that_retries_with_a_sleep_is_patched_like_any_module(emulator: Emulator) -> None:
    before, retry = emulator.clock.now, urllib3.Retry(backoff_factor=60)
    with emulator.clock.patch_sleep(urllib3.util.retry):
        for _ in range(3):
            retry = retry.increment("GET", "/", error=urllib3.exceptions.ProtocolError())
            retry.sleep()
    assert emulator.clock.now - before > timedelta(minutes=2)


def fails(calls: list[int]) -> None:
    calls.append(1)
    raise ConnectionError


async def fails_later(calls: list[int]) -> None:
    fails(calls)


MINUTELY: dict[str, Any] = {"wait": tenacity.wait_fixed(60), "stop": tenacity.stop_after_attempt(3), "reraise": True}


def test_no_dict_that_others_use_is_written_to(emulator: Emulator) -> None:
    module = module_of("import sys, time\nMODULES, NAMES = sys.modules, vars(time)\ndef nap(): time.sleep(3600)")
    with emulator.clock.patch_sleep(module):
        assert sys.modules["time"] is time
        assert vars(time)["sleep"] is time.sleep is not module.time.sleep


def test_a_client_that_tenacity_has_decorated_is_given_its_sleep(emulator: Emulator, monkeypatch: pytest.MonkeyPatch) -> None:
    ask: Any = tenacity.retry(**MINUTELY)(fails)
    calls = list[int]()
    monkeypatch.setattr(ask.retry, "sleep", emulator.clock.sleep)
    began = emulator.clock.now
    with pytest.raises(ConnectionError):
        ask(calls)
    assert (len(calls), emulator.clock.now - began) == (3, timedelta(minutes=2))


def test_an_awaited_client_that_tenacity_has_decorated_is_given_its_sleep(
    emulator: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    ask: Any = tenacity.retry(**MINUTELY)(fails_later)
    calls = list[int]()
    monkeypatch.setattr(ask.retry, "sleep", emulator.aio.sleep)
    began = emulator.clock.now
    with pytest.raises(ConnectionError):
        asyncio.run(ask(calls))
    assert (len(calls), emulator.clock.now - began) == (3, timedelta(minutes=2))


def test_a_client_that_tenacity_has_decorated_is_reached_by_tenacitys_own_module(emulator: Emulator) -> None:
    ask: Any = tenacity.retry(**MINUTELY)(fails)
    began = emulator.clock.now
    with emulator.clock.patch_sleep(tenacity.nap), pytest.raises(ConnectionError):
        ask([])
    assert emulator.clock.now - began == timedelta(minutes=2)


def test_a_module_that_sleeps_by_neither_is_refused_by_name_and_nothing_is_replaced(emulator: Emulator) -> None:
    sleeps, neither = module_of(SLEEPERS["import time"]), module_of("import json", "a_package")
    with pytest.raises(ValueError, match=r"the module a_package uses neither time.sleep nor asyncio.sleep"):
        emulator.clock.patch_sleep(sleeps, neither).__enter__()
    assert sleeps.time is time


def test_a_package_is_told_which_of_its_modules_sleep(emulator: Emulator, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "a_package.poller", module_of(SLEEPERS["import time"], "a_package.poller"))
    monkeypatch.setitem(sys.modules, "a_package.logs", module_of("import time", "a_package.logs"))
    with pytest.raises(ValueError, match=r"of its modules these do: a_package\.poller$"):
        emulator.clock.patch_sleep(module_of("", "a_package")).__enter__()


@pytest.mark.parametrize(
    ("module", "name"),
    [
        (tenacity, r"of its modules these do: .*tenacity\.nap"),
        (requests.sessions, r"of the modules of requests these do: urllib3\.util\.retry$"),
        (logging, "logging uses neither"),
        (urllib.request, "urllib.request uses neither"),
        (stripe._encode, r"of the modules of stripe these do: .*stripe\._http_client"),
    ],
)
def test_a_module_that_holds_time_and_never_sleeps_is_refused(emulator: Emulator, module: ModuleType, name: str) -> None:
    gc.collect()  # what other tests let tenacity decorate is gone only then
    with pytest.raises(ValueError, match=name):
        emulator.clock.patch_sleep(module).__enter__()


@pytest.fixture
def frozen() -> Iterator[None]:
    """All that there is is frozen, as servers do that fork: the collector of garbage shows nothing of it."""
    gc.collect()
    gc.freeze()
    yield
    gc.unfreeze()


@pytest.mark.usefixtures("frozen")
def test_a_module_that_was_frozen_sleeps_on_the_worlds_clock(emulator: Emulator) -> None:
    before = emulator.clock.now
    with emulator.clock.patch_sleep(tenacity.nap):
        tenacity.nap.sleep(3600)
    assert emulator.clock.now - before == HOUR


@pytest.mark.usefixtures("frozen")
def test_of_a_package_that_was_frozen_it_is_told_which_modules_sleep(emulator: Emulator) -> None:
    with pytest.raises(ValueError, match=r"of the modules of stripe these do: .*stripe\._http_client"):
        emulator.clock.patch_sleep(stripe._encode).__enter__()


@pytest.mark.parametrize("module", [time, asyncio, asyncio.tasks, anyio])
def test_the_library_that_sleeps_for_all_is_never_patched(emulator: Emulator, module: ModuleType) -> None:
    before = time.sleep, asyncio.sleep, anyio.sleep
    with pytest.raises(ValueError, match="replaces nothing globally: pass the module that calls it"):
        emulator.clock.patch_sleep(module).__enter__()
    assert (time.sleep, asyncio.sleep, anyio.sleep) == before


def test_an_import_within_a_function_is_refused_with_what_to_do(emulator: Emulator) -> None:
    module = module_of("def nap():\n    import time\n    time.sleep(1)")
    with pytest.raises(ValueError, match="imports time itself, where nothing can be replaced; import it at the top"):
        emulator.clock.patch_sleep(module).__enter__()


def test_stripes_own_retries_pass_the_worlds_time() -> None:
    busy = {"at": "stripe", "where": "before-commit", "do": "status", "status": 503, "times": 2}
    with Emulator({"given": {"stripe": {"batch_jobs": [{"id": "batchv2_A"}]}}, "faults": [busy]}) as emulator:
        before = emulator.clock.now
        addresses: Any = {"api": emulator.stripe.url}
        client = stripe.StripeClient(emulator.stripe.api_key, base_addresses=addresses, max_network_retries=2)
        with emulator.clock.patch_sleep(stripe._http_client):
            assert client.v2.core.batch_jobs.retrieve("batchv2_A").id == "batchv2_A"
        assert emulator.clock.now > before


def test_stripes_awaited_retries_take_a_sleep_of_the_world() -> None:
    busy = {"at": "stripe", "where": "before-commit", "do": "status", "status": 503, "times": 2}
    with Emulator({"given": {"stripe": {"batch_jobs": [{"id": "batchv2_A"}]}}, "faults": [busy]}) as emulator:
        before = emulator.clock.now
        http = stripe.HTTPXClient()
        http.sleep_async = emulator.aio.sleep  # type: ignore[method-assign]
        addresses: Any = {"api": emulator.stripe.url}
        client = stripe.StripeClient(emulator.stripe.api_key, base_addresses=addresses, http_client=http, max_network_retries=2)

        async def retrieve() -> str:
            job = await client.v2.core.batch_jobs.retrieve_async("batchv2_A")
            await http.close_async()  # type: ignore[no-untyped-call]
            return job.id

        assert asyncio.run(retrieve()) == "batchv2_A"
        assert emulator.clock.now > before


@pytest.mark.parametrize("arguments", [(), ("time",), (time.sleep,)], ids=["nothing", "a name", "a function"])
def test_what_is_no_module_is_refused(emulator: Emulator, arguments: tuple[Any, ...]) -> None:
    with pytest.raises(TypeError, match="patch_sleep"):
        emulator.clock.patch_sleep(*arguments).__enter__()


def test_tasks_that_sleep_at_once_wake_in_order_and_their_time_does_not_add_up(emulator: Emulator) -> None:
    module, woken, before = module_of(GATHERS), list[float](), emulator.clock.now

    async def run() -> None:
        await asyncio.gather(*(module.nap(seconds, woken) for seconds in (30, 10, 20, 0, -1)))

    with emulator.clock.patch_sleep(module):
        asyncio.run(run())
    assert woken == [0, -1, 10, 20, 30]
    assert emulator.clock.now - before == timedelta(seconds=30)


def test_a_task_that_is_cancelled_while_it_sleeps_holds_up_nobody(emulator: Emulator) -> None:
    module, woken = module_of(GATHERS), list[float]()

    async def run() -> None:
        first = asyncio.ensure_future(module.nap(1, woken))
        await asyncio.sleep(0)
        first.cancel()
        await module.nap(2, woken)

    with emulator.clock.patch_sleep(module):
        asyncio.run(run())
    assert woken == [2]


@pytest.mark.parametrize("delay", [float("nan"), None])
def test_an_awaited_sleep_of_no_length_is_refused(emulator: Emulator, delay: Any) -> None:
    module = module_of(GATHERS)
    with emulator.clock.patch_sleep(module), pytest.raises((TypeError, ValueError)):
        asyncio.run(module.nap(delay, []))
