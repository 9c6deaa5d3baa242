"""The pytest plugin: name the fixture `emulator`, and a test has a world of its own. Nothing is imported until then."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Generator, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from emulator.handle.emulator import Emulator
    from emulator.handle.server import EmulatorServer

CONFLICT = 409


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("batch-emulator")
    group.addoption("--emulator-url", metavar="URL", help="use the server there (EMULATOR_URL), not one in this process")
    group.addoption("--emulator-seed", metavar="N", type=int, help="the seed of every world that names none of its own")


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "scenario(name_or_path_or_dict, *, seed=None): what the emulator fixture begins with")


@pytest.fixture(scope="session")
def emulator_server(pytestconfig: pytest.Config) -> Iterator[EmulatorServer]:
    """The session's server; in this process it listens from the moment that a test asks for a URL."""
    from emulator import EmulatorServer
    from emulator.handle.server import Refused

    with ExitStack() as exits:
        try:
            server = exits.enter_context(
                EmulatorServer(pytestconfig.getoption("emulator_url") or os.environ.get("EMULATOR_URL"))
            )
            server.greet()
        except Refused as error:
            raise pytest.fail.Exception(str(error), pytrace=False) from None
        yield server


@pytest.fixture
def emulator(request: pytest.FixtureRequest, emulator_server: EmulatorServer) -> Iterator[Emulator]:
    """A world of this test alone: an empty one, or that of `@pytest.mark.scenario(...)`."""
    scenario, seed = _wanted(request)
    if seed is None:
        seed = request.config.getoption("emulator_seed")
    with _made(emulator_server, _world_of(request.node), scenario, seed) as emulator:
        yield emulator


def _made(server: EmulatorServer, id: str, scenario: Any, seed: int | None) -> Emulator:
    """A world of that id, which only this test gives: one that is there already was left by a run that was killed."""
    from emulator import Emulator
    from emulator.handle.server import Refused

    try:
        return Emulator(scenario, seed=seed, server=server, id=id)
    except Refused as error:
        if error.status != CONFLICT:
            raise
    server.ask("DELETE", f"/worlds/{id}")
    return Emulator(scenario, seed=seed, server=server, id=id)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """A test that fails tells its world's story."""
    report = yield
    emulator = getattr(item, "funcargs", {}).get("emulator")
    if report.failed and call.when == "call" and emulator is not None:
        report.sections += _told(item, emulator)
    return report


def _told(item: pytest.Item, emulator: Any) -> Iterator[tuple[str, str]]:
    """The story, where the fixture of that name is ours and not the project's own."""
    from emulator import Emulator
    from emulator.handle.story import story

    if isinstance(emulator, Emulator):
        yield "batch-emulator", story(emulator, replay=f'pytest "{item.nodeid}" --emulator-seed {emulator.seed}')


def _wanted(request: pytest.FixtureRequest) -> tuple[Any, int | None]:
    """The scenario and seed of the test's marker. A path is looked for beside the test, then below the root folder."""
    marker = request.node.get_closest_marker("scenario")
    if marker is None:
        return None, None
    unknown = marker.kwargs.keys() - {"seed"}
    if len(marker.args) != 1 or unknown:
        pytest.fail(f"the marker is scenario(name_or_path_or_dict, seed=None), not {_as_written(marker)}", pytrace=False)
    (scenario,) = marker.args
    if isinstance(scenario, str) and scenario.endswith((".yaml", ".yml")):
        folders = (request.path.parent, request.config.rootpath)
        scenario = next((folder / scenario for folder in folders if (folder / scenario).is_file()), Path(scenario))
    return scenario, marker.kwargs.get("seed")


def _as_written(marker: pytest.Mark) -> str:
    return f"scenario({', '.join([*map(repr, marker.args), *(f'{key}={value!r}' for key, value in marker.kwargs.items())])})"


def _world_of(item: pytest.Item) -> str:
    """An id that no other test of this run has, in whichever worker; the same test has it again in a run that is replayed."""
    run = os.environ.get("PYTEST_XDIST_TESTRUNUID", "") + os.environ.get("PYTEST_XDIST_WORKER", "")
    return "t-" + hashlib.blake2b(f"{run}/{item.nodeid}".encode(), digest_size=8).hexdigest()
