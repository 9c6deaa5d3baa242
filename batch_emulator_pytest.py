"""The pytest plugin of batch-emulator, by a top-level name that no other project has.

pytest imports this module in every run. It imports nothing of the package `emulator` until a test names a fixture,
so a project with an `emulator` of its own runs as before, and coverage starts before our modules load.
The implementation is `emulator.pytest_plugin`.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Generator, Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from emulator.client.emulator import Emulator
    from emulator.client.server import EmulatorServer

TITLE = "batch-emulator"
"""The title of a story in a report."""

USUAL = ("EMULATOR_URL", "EMULATOR_CONTROL_TOKEN", "EMULATOR_SCENARIOS", "EMULATOR_KEEP")
"""Variables that need no look at those that there are."""

OURS = Path(__file__).resolve().with_name("emulator") / "__init__.py"


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("batch-emulator")
    group.addoption("--emulator-url", metavar="URL", help="use the server there (EMULATOR_URL), not one in this process")
    group.addoption("--emulator-seed", metavar="N", type=int, help="the seed of every world that names none of its own")
    group.addoption(
        "--emulator-scenarios", metavar="DIR", action="append", help="a folder of scenarios of your own (EMULATOR_SCENARIOS)"
    )
    group.addoption("--emulator-keep", metavar="DIR", help="leave the world of each test that fails there (EMULATOR_KEEP)")
    parser.addini("emulator_scenarios", "folders of scenarios of your own, relative to this file", type="paths")
    parser.addini("emulator_deliver_to", "hosts to which notifications may be posted: localhost:9000", type="args")
    parser.addini("emulator_limits", "bounds of the server in this process, one a line: body = 50000000", type="linelist")


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "scenario(name_or_path_or_dict, *, seed=None): what the emulator fixture begins with")


def pytest_report_header(config: pytest.Config) -> list[str]:
    """Name the variables that nothing reads, unless `-q` hides the header."""
    return _unread_variables() if config.get_verbosity() >= 0 else []


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Name the variables that nothing reads, where `-q` has hidden the header."""
    if config.get_verbosity() < 0:
        for line in _unread_variables():
            terminalreporter.write_line(line)


def _unread_variables() -> list[str]:
    """Name each variable that nothing reads and that looks like one of ours; import nothing where there is no such name."""
    unusual = [name for name in os.environ if name.startswith("EMULATOR_") and name not in USUAL]
    if not unusual or _another_emulator():
        return []
    from emulator.cli.main import main
    from emulator.client.environment import misspelt

    found = misspelt(unusual, main.variables())
    return [f"batch-emulator: nothing reads {name}; did you mean {meant}?" for name, meant in found]


@pytest.fixture(scope="session")
def emulator_server(pytestconfig: pytest.Config) -> Iterator[EmulatorServer]:
    """The session's server; in this process it listens from the moment that a test asks for a URL."""
    _refuse_another_emulator()
    from emulator import pytest_plugin

    yield from pytest_plugin.emulator_server(pytestconfig)


@pytest.fixture
def emulator(request: pytest.FixtureRequest, emulator_server: EmulatorServer) -> Iterator[Emulator]:
    """A world of this test alone: an empty one, or that of `@pytest.mark.scenario(...)`."""
    _refuse_another_emulator()
    from emulator import pytest_plugin

    yield from pytest_plugin.emulator(request, emulator_server)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item: pytest.Item) -> Generator[None, object, object]:
    """Keep the stories of the worlds where the teardown fails, and drop the test's world after it."""
    failed = True
    try:
        result = yield
        failed = False
    finally:
        if _has_made_a_world():
            from emulator.pytest_plugin import after_teardown

            after_teardown(item, failed=failed)
    return result


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Add the stories of the worlds that a failed test had, to JUnit XML as a property; import nothing if there is no world."""
    report = yield
    if report.failed and _has_made_a_world():
        from emulator.pytest_plugin import stories, stories_of_teardown

        told = stories_of_teardown(item) if call.when == "teardown" else [*stories(item, call.excinfo)]
        report.sections += [(TITLE, story) for story in told]
        if item.config.getoption("xmlpath", None):
            properties = report.user_properties if call.when == "teardown" else item.user_properties
            properties += [(TITLE, story) for story in told]
    return report


def _has_made_a_world() -> bool:
    return "emulator.client.emulator" in sys.modules and not _another_emulator()


def _refuse_another_emulator() -> None:
    """Fail the test, in one line, where `import emulator` does not find the package beside this file."""
    if found := _another_emulator():
        message = f"batch-emulator: another 'emulator' is in the way of its package: {found}; rename it or take it off sys.path"
        pytest.fail(message, pytrace=False)


def _another_emulator() -> str | None:
    """Return the place of another `emulator`, imported or first on sys.path, or None."""
    try:
        spec = find_spec("emulator")
    except ValueError:  # imported, with no spec: a stand-in that a test has put there
        return repr(sys.modules["emulator"])
    if spec is None:
        return f"nothing is at {OURS}"
    places = [spec.origin] if spec.origin else [*(spec.submodule_search_locations or ())]
    return None if [Path(it).resolve() for it in places] == [OURS] else ", ".join(places) or repr(spec)
