"""A path with an empty segment leads nowhere; one slash at its end is let pass where its vendor is known to do so."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from emulator.vendors import VENDORS
from emulator.web.routes import Routes

ROUTES = Routes(VENDORS.values())


def paths() -> Iterator[tuple[str, str, str]]:
    """Yield each operation's vendor, method and path, with `1` for each of its ids."""
    for vendor in VENDORS.values():
        for operation in vendor.operations:
            for mount in operation.mounts or vendor.mounts:
                segments = ["1" if it.startswith("{") else it for it in (mount + operation.path).split("/")]
                yield vendor.name, operation.method, "/".join(segments)


PATHS = sorted(set(paths()))


def is_led_to_an_operation(method: str, path: str) -> bool:
    route = ROUTES.find(method, path)
    return route is not None and route.operation is not None


@pytest.mark.parametrize(("vendor", "method", "path"), PATHS)
def test_a_path_with_an_empty_segment_leads_nowhere(vendor: str, method: str, path: str) -> None:
    assert is_led_to_an_operation(method, path)
    places = [place for place, letter in enumerate(path) if letter == "/"]
    doubled = [f"{path[:place]}/{path[place:]}" for place in places] + [f"{path}//"]
    assert [it for it in doubled if is_led_to_an_operation(method, it)] == [], vendor


@pytest.mark.parametrize(("vendor", "method", "path"), [it for it in PATHS if "/1/" in it[2]])
def test_a_path_whose_ids_are_left_out_leads_nowhere(vendor: str, method: str, path: str) -> None:
    assert not is_led_to_an_operation(method, path.replace("/1/", "//")), vendor


@pytest.mark.parametrize(("vendor", "method", "path"), PATHS)
def test_a_slash_at_the_end_is_let_pass_where_case_does_not_matter(vendor: str, method: str, path: str) -> None:
    assert is_led_to_an_operation(method, f"{path}/") is not VENDORS[vendor].case_sensitive
