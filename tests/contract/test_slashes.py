"""A path with an empty segment leads nowhere; one slash at its end is let pass where its vendor is known to do so."""

from __future__ import annotations

from collections.abc import Iterator

from emulator.vendors import VENDORS
from emulator.web.routes import Routes

ROUTES = Routes(VENDORS.values())


def paths() -> Iterator[tuple[str, str, str]]:
    """Yield each operation's vendor, method and path, with `1` for each of its ids."""
    for vendor in VENDORS.values():
        for operation in vendor.operations:
            for mount in operation.mounts or vendor.mounts:
                segments = ["1" if segment.startswith("{") else segment for segment in (mount + operation.path).split("/")]
                yield vendor.name, operation.method, "/".join(segments)


PATHS = sorted(set(paths()))


def is_led_to_an_operation(method: str, path: str) -> bool:
    route = ROUTES.find(method, path)
    return route is not None and route.operation is not None


def with_double_slashes(path: str) -> Iterator[str]:
    """Yield a path with one more slash beside each of its own, and with two at its end."""
    yield from (f"{path[:place]}/{path[place:]}" for place, letter in enumerate(path) if letter == "/")
    yield f"{path}//"


def test_the_path_of_each_operation_leads_to_it() -> None:
    assert [path for _, method, path in PATHS if not is_led_to_an_operation(method, path)] == []


def test_a_path_with_an_empty_segment_leads_nowhere() -> None:
    wrong = [(method, other) for _, method, path in PATHS for other in with_double_slashes(path)]
    assert [(method, path) for method, path in wrong if is_led_to_an_operation(method, path)] == []


def test_a_path_whose_ids_are_left_out_leads_nowhere() -> None:
    wrong = [(method, path.replace("/1/", "//")) for _, method, path in PATHS if "/1/" in path]
    assert [(method, path) for method, path in wrong if is_led_to_an_operation(method, path)] == []


def test_a_slash_at_the_end_is_let_pass_where_case_does_not_matter() -> None:
    accepted = {(vendor, method, path) for vendor, method, path in PATHS if is_led_to_an_operation(method, f"{path}/")}
    assert accepted == {row for row in PATHS if not VENDORS[row[0]].case_sensitive}
