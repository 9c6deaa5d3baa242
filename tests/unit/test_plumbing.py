"""Rules of the tests themselves: plumbing stands in tests/support, and a test knows what is public."""

from __future__ import annotations

import ast
from pathlib import Path

from tests.support.modules import imported_modules, modules_of

TESTS = Path(__file__).parents[1]
MODULES = {path: tree for path, tree in modules_of(TESTS).items() if "example_vendor" not in path.relative_to(TESTS).parts}
NO_PUBLIC_WAY = {
    ("clients/test_sleeping.py", "_encode"): "Stripe's: a module of theirs that holds time and never sleeps",
    ("clients/test_sleeping.py", "_http_client"): "Stripe's: the module in which their client sleeps",
    ("support/sdk_types.py", "_event_classes"): "Stripe's: the classes of their events, which they list nowhere else",
    ("support/sdk_types.py", "_batch_job_create_params"): "Stripe's: the types of their parameters",
    ("contract/test_stripe_files.py", "_rest"): "how much of a line a reader keeps",
    ("control/test_fixed_answers.py", "_respond"): "how often an answer is made",
    ("control/test_shown_entries.py", "_kept"): "how many entries are kept for streams",
    ("control/test_shown_entries.py", "_bytes"): "the same, in bytes",
    ("control/test_shown_beside.py", "_scan"): "the thread in which a text is looked through for secrets",
    ("properties/test_held_together.py", "_of"): "that no world is remembered that holds nothing up",
    ("properties/test_threads.py", "_attach"): "that a handle is listed the moment it is made, without a server's round trip",
    ("properties/test_threads.py", "_exits"): "the same",
    ("properties/test_threads.py", "_templates"): "how many beginnings are kept",
    (
        "scenario_files/test_bounded_reading.py",
        "_unique",
    ): "how often two keys are compared: JSON alone makes plain texts of them",
    ("server/test_faults.py", "_strike"): "an effect that no fault can have",
    ("server/test_input_flow.py", "_take"): "how many bytes are taken in one round",
    ("server/test_long_heads.py", "_known"): "that a host too long to be one is not remembered",
    (
        "server/test_unread_answers.py",
        "_make_room_for_answers",
    ): "whom it cuts off among readers of every slowness, without a minute's wait",
    ("server/test_hang_ups.py", "_server"): "the requests and connections that uvicorn counts",
    ("unit/test_budget.py", "_frame"): "everything that a world keeps, to weigh it again",
    ("unit/test_budget.py", "_values"): "the same of a cache",
    ("store/test_sqlite.py", "_database"): "a disk that is full, and has room again",
    ("store/test_restarts.py", "_rows"): "a record that is damaged on the disk",
    ("store/test_postgres.py", "_link"): "the connection, to break it, and to ask the database about it",
    ("store/test_postgres.py", "_resumed"): "the line that tells which worlds go on, without a process",
    ("server/test_first_control_request.py", "_first"): "what makes the control plane, to hold it up",
    ("unit/test_lanes.py", "_places"): "two ways to the same places, of which the number of rows chooses one",
    ("unit/test_printable.py", "_Handler"): "one log record, without a stream of this process",
}
"""Private names that a test uses, and what it can see in no other way."""

OF_NAMED_TUPLES = {"_replace", "_asdict", "_fields"}


def is_private(name: str) -> bool:
    return name.startswith("_") and not name.startswith("__") and name not in OF_NAMED_TUPLES


def private_names_of_others(tree: ast.Module) -> set[str]:
    """Return private names that a module imports or looks up, but for those that it defines itself."""
    used, own = set[str](), set[str]()
    for node in ast.walk(tree):
        match node:
            case ast.ImportFrom():
                used |= {part for part in (node.module or "").split(".") if is_private(part)}
                used |= {alias.name for alias in node.names if is_private(alias.name)}
            case ast.Attribute(value=ast.Name(id="self" | "cls")):
                own.add(node.attr)
            case ast.Attribute() if is_private(node.attr):
                used.add(node.attr)
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                own.add(node.name)
            case ast.AnnAssign(target=ast.Name(id=name)):
                own.add(name)
    return used - own


def test_no_test_module_is_imported() -> None:
    """What several tests need stands in tests/support, or is a fixture."""
    imports = {
        (str(path.relative_to(TESTS)), module)
        for path, tree in MODULES.items()
        for module in imported_modules(tree)
        if module.split(".")[0] == "tests" and module.split(".")[-1].startswith(("test_", "conftest"))
    }
    assert imports == set()


def test_a_test_uses_a_private_name_only_where_there_is_no_public_way() -> None:
    imports = {
        (path.relative_to(TESTS).as_posix(), name) for path, tree in MODULES.items() for name in private_names_of_others(tree)
    }
    assert imports == set(NO_PUBLIC_WAY)
