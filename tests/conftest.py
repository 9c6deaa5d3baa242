"""One running server for the session, with a judge of every reply; each test loads worlds of its own into it."""

from __future__ import annotations

import os
from collections.abc import Generator, Iterator
from importlib import import_module
from pkgutil import walk_packages
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, settings

import emulator
from emulator.contract.validator import ResponseValidator
from emulator.server.app import create_app, worlds_of
from emulator.server.server import ThreadedServer
from emulator.vendors import VENDORS
from tests.support.server import Live
from tests.support.vendor_clients import read_authorities_once, wait_as_long_as_it_takes

pytest_plugins = ["pytester"]
collect_ignore = ["example_vendor"]  # a package of its own, which tests/packaging installs and tests

WITHOUT = " ".join(f"-p no:{plugin}" for plugin in ("schemathesis", "hypothesispytest", "respx", "pytest_httpx"))
"""Options of each pytest that a test runs: to import these plugins takes longer than all the rest, and few of them use one."""

settings.register_profile("unhurried", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("unhurried")  # how fast the machine is, is no test's matter


@pytest.fixture(scope="session", autouse=True)
def no_module_twice() -> None:
    """Import every module now: one first imported inside a pytest that a test runs is forgotten with it, and made anew beside itself."""
    for module in walk_packages(emulator.__path__, "emulator."):
        if not module.name.endswith("__main__"):
            import_module(module.name)


@pytest.fixture(scope="session", autouse=True)
def the_same_wherever_it_runs() -> Iterator[None]:
    """No option of ours, and no proxy, comes from the environment in which the tests run."""
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith("EMULATOR_")]:
            patch.delenv(name)
        for name in ("NO_PROXY", "no_proxy"):
            patch.setenv(name, "*")
        patch.setenv("PYTEST_ADDOPTS", WITHOUT)
        wait_as_long_as_it_takes(patch)
        read_authorities_once(patch)
        yield


@pytest.fixture
def pytester(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    """Pytest's own, which forgets the options in the environment."""
    monkeypatch.setenv("PYTEST_ADDOPTS", WITHOUT)
    return pytester


@pytest.fixture(scope="session")
def live() -> Iterator[Live]:
    app = create_app(worlds_of([]), validate=ResponseValidator(VENDORS.values()))
    with ThreadedServer(app) as server, httpx.Client(base_url=server.url, timeout=None) as control:
        yield Live(server.url, control)


@pytest.hookimpl(wrapper=True)
def pytest_report_to_serializable() -> Generator[None, Any, Any]:
    """Escape what is no Unicode: a worker of xdist that fails with such a text would end the whole run, and not tell why."""
    return _escaped((yield))


def _escaped(value: Any) -> Any:
    if isinstance(value, str):
        return value.encode(errors="backslashreplace").decode()
    if isinstance(value, dict):
        return {_escaped(key): _escaped(inner) for key, inner in value.items()}
    return type(value)(map(_escaped, value)) if type(value) in (list, tuple) else value
