"""The fixtures and the stories of the pytest plugin; `batch_emulator_pytest` imports it once a test names a fixture."""

from __future__ import annotations

import hashlib
import os
import shlex
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from emulator.client.emulator import Emulator
    from emulator.client.server import EmulatorServer

NOT_FOUND, CONFLICT = 404, 409
WORLD = pytest.StashKey["tuple[Emulator, int]"]()
"""The world of a test, and the seed that it began with."""

LEFT = pytest.StashKey["Emulator"]()
"""The world that a test's fixture left to be dropped after the teardown, whose failure it can explain."""

STORIES = pytest.StashKey[list[str]]()
"""The stories for a teardown that fails."""

SERVER = pytest.StashKey["EmulatorServer"]()
"""The session's server, where a test suite has no fixture of its own in its place."""

ITEMS = pytest.StashKey[list[pytest.Item]]()
"""The tests on that server whose worlds are not dropped yet."""


LATE = pytest.StashKey[list[Path]]()
"""Files with the worlds of the session's last test, which stay where its teardown fails."""


def emulator_server(pytestconfig: pytest.Config) -> Iterator[EmulatorServer]:
    """The session's server; in this process it listens from the moment that a test asks for a URL."""
    from emulator import EmulatorError, EmulatorServer
    from emulator.client.environment import env

    url = pytestconfig.getoption("emulator_url") or env("EMULATOR_URL")
    with ExitStack() as exits:
        try:
            server = exits.enter_context(
                EmulatorServer(
                    url,
                    seed=pytestconfig.getoption("emulator_seed"),
                    scenarios=pytestconfig.getoption("emulator_scenarios") or pytestconfig.getini("emulator_scenarios") or None,
                    limits=None if url else _limits(pytestconfig),
                    deliver_to=None if url else pytestconfig.getini("emulator_deliver_to") or None,
                )
            )
            server.check_connection()
        except EmulatorError as error:
            raise pytest.fail.Exception(str(error), pytrace=False) from None
        pytestconfig.stash[SERVER], pytestconfig.stash[ITEMS] = server, []
        yield server
        for item in pytestconfig.stash[ITEMS].copy():  # the last test's, whose teardown ends the session's server, too
            item.stash[LATE] = []
            item.stash[STORIES] = [*stories(item, None)]
            _drop_left(item)


def _limits(config: pytest.Config) -> dict[str, Any]:
    """Return the bounds of the ini file as they are written there, by name."""
    pairs = (line.partition("=") for line in config.getini("emulator_limits"))
    return {name.strip(): value.strip() for name, _, value in pairs}


def emulator(request: pytest.FixtureRequest, emulator_server: EmulatorServer) -> Iterator[Emulator]:
    """A world of this test alone: an empty one, or that of `@pytest.mark.scenario(...)`."""
    folders = tuple(dict.fromkeys((request.path.parent, request.config.rootpath)))
    wish = {**_wanted(request), "id": _world_of(request.node), "folders": folders}
    emulator = _made(emulator_server, wish)
    request.node.stash[WORLD] = emulator, emulator.seed
    with ExitStack() as exits:
        exits.callback(emulator.close)
        yield emulator
        if emulator_server is request.config.stash.get(SERVER, None):
            exits.pop_all()
            request.node.stash[LEFT] = emulator
            request.config.stash[ITEMS].append(request.node)


def after_teardown(item: pytest.Item, *, failed: bool) -> None:
    """Keep the stories for a teardown that failed, and drop the world that the fixture of the test left."""
    late = item.stash.get(LATE, [])
    if late:
        del item.stash[LATE]
    if not failed:
        for path in late:
            path.unlink(missing_ok=True)
        stories_of_teardown(item)
        _drop_left(item)
        return
    if not item.stash.get(STORIES, []):
        item.stash[STORIES] = [*stories(item, None)]
    with suppress(Exception):  # the failure says more than what comes of it
        _drop_left(item)


def stories_of_teardown(item: pytest.Item) -> list[str]:
    """Return the stories for the report of a teardown that failed, and forget them: the test may be run again."""
    told = item.stash.get(STORIES, [])
    item.stash[STORIES] = []
    return told


def _drop_left(item: pytest.Item) -> None:
    emulator = item.stash.get(LEFT, None)
    if emulator is not None:
        del item.stash[LEFT]
        item.config.stash[ITEMS].remove(item)
        emulator.close()


def _made(server: EmulatorServer, wish: Mapping[str, Any]) -> Emulator:
    """A world of that id, which only this test gives: one that is there already was left by a run that was killed."""
    from emulator import ControlError, Emulator, EmulatorError

    try:
        return Emulator(**wish, server=server)
    except ControlError as error:
        if error.status != CONFLICT:
            raise pytest.fail.Exception(str(error), pytrace=False) from None
        conflict = error
    except EmulatorError as error:
        raise pytest.fail.Exception(str(error), pytrace=False) from None
    try:
        server.ask("DELETE", f"/worlds/{wish['id']}")
        return Emulator(**wish, server=server)
    except ControlError as error:
        told = conflict if error.status == NOT_FOUND else error  # it was about a credential, not about the id
        raise pytest.fail.Exception(str(told), pytrace=False) from None


def stories(item: pytest.Item, failure: pytest.ExceptionInfo[BaseException] | None) -> Iterator[str]:
    """Yield the story of the test's world, and of others that it or a wider fixture made."""
    from emulator.client.emulator import open_emulators
    from emulator.client.failure_report import failure_report, failure_report_if_any

    emulator, seed = item.stash.get(WORLD, (None, 0))
    if emulator is not None:
        yield _kept(item, emulator, failure_report(emulator, _replay(item, seed), failure.value if failure else None))
    for it in open_emulators():
        if it is not emulator and (told := failure_report_if_any(it, _replay(item, it.seed))):
            yield _kept(item, it, told)


def _kept(item: pytest.Item, emulator: Emulator, story: str) -> str:
    """Keep a world, where that is wanted; return its story with the command that opens it."""
    from emulator.client.environment import env

    config = item.config
    folder = config.getoption("emulator_keep") or env("EMULATOR_KEEP")
    if not folder:
        return story
    from emulator.client.keeping import KeptWorlds
    from emulator.text.escape import escaped

    base = config.invocation_params.dir
    path, line = KeptWorlds(base / folder, base).keep(emulator, item.nodeid)
    if path is not None and LATE in item.stash:
        item.stash[LATE].append(path)
    return f"{story}\n{escaped(line)}"


def _replay(item: pytest.Item, seed: int) -> str:
    """The command that runs this test again, from where pytest was called."""
    test = os.path.relpath(item.path, item.config.invocation_params.dir) + item.nodeid[item.nodeid.index("::") :]
    return shlex.join(["pytest", test, *_options(item.config), "--emulator-seed", str(seed)])


def _options(config: pytest.Config) -> Iterator[str]:
    """Yield the options of this run, beside the seed, that decide what the server of a test is."""
    from emulator.client.environment import env, paths_in

    if config.getoption("inifilename"):
        yield from ("-c", str(config.getoption("inifilename")))
    for setting in config.getoption("override_ini") or ():
        if setting.startswith("emulator_"):
            yield from ("-o", setting)
    if url := config.getoption("emulator_url"):
        yield from ("--emulator-url", url)
    folders = config.getoption("emulator_scenarios") or ()
    if not (folders or config.getini("emulator_scenarios")):
        folders = paths_in(env("EMULATOR_SCENARIOS") or "")
    for folder in folders:
        yield from ("--emulator-scenarios", folder)


def _wanted(request: pytest.FixtureRequest) -> dict[str, Any]:
    """The scenario, seed and parameters of the test's marker."""
    marker = request.node.get_closest_marker("scenario")
    if marker is None:
        return {}
    if len(marker.args) != 1:
        given = f"scenario{marker.args} {marker.kwargs or ''}"
        pytest.fail(f"the marker is scenario(name_or_path_or_dict, seed=None, **parameters), not {given}", pytrace=False)
    (scenario,) = marker.args
    if scenario is None:
        pytest.fail("the marker scenario(None) names no scenario: leave it out for an empty world", pytrace=False)
    parameters = dict(marker.kwargs)
    return {"scenario": scenario, "seed": parameters.pop("seed", None), "parameters": parameters}


def _world_of(item: pytest.Item) -> str:
    """An id that no other test of this run has, in whichever worker; the same test has it again in a run that is replayed."""
    run = os.environ.get("PYTEST_XDIST_TESTRUNUID", "") + os.environ.get("PYTEST_XDIST_WORKER", "")
    return "t-" + hashlib.blake2b(f"{run}/{item.nodeid}".encode(), digest_size=8).hexdigest()
