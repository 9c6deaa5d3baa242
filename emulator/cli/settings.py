"""The option `--set NAME=VALUE`: values of the parameters of scenarios, as text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import click

from emulator.cli.options import option, reads
from emulator.scenario.document import JsonObject
from emulator.text.nearest import hint


class TextSettings:
    """The values that parameters are set to, by name. Of several scenarios, each gets those that it declares."""

    def __init__(self, texts: Mapping[str, str]) -> None:
        self._texts = texts
        self._declared: set[str] = set()

    def __call__(self, declared: JsonObject) -> JsonObject:
        """Return the values of the declared parameters that are set."""
        self._declared |= declared.keys()
        return {name: _value(text, declared[name]) for name, text in self._texts.items() if name in declared}

    def expect_all_known(self) -> None:
        """Make sure that each is a parameter of one of the scenarios that were read.

        Raises:
            click.UsageError: one is none.
        """
        for name in self._texts:
            if name not in self._declared:
                raise click.UsageError(f"--set {name}: no parameter is called {name!r}{hint(name, sorted(self._declared))}")


def _value(text: str, default: Any) -> Any:
    """Return what a text means: as a value of YAML does, but a text where the default is one."""
    from emulator.scenario.scalars import plain
    from emulator.scenario.strict_yaml import parse

    if isinstance(default, str):
        return text
    return parse(text).value if isinstance(default, (dict, list)) else plain(text)


def _read(pairs: Sequence[str]) -> TextSettings | None:
    texts: dict[str, str] = {}
    for pair in pairs:
        name, equals, text = pair.partition("=")
        if not (name and equals):
            raise ValueError(f"{pair!r} is not NAME=VALUE, such as searches=200")
        if name in texts:
            raise ValueError(f"{name!r} is set twice")
        texts[name] = text
    return TextSettings(texts) if texts else None


set_option = option(
    "--set",
    "settings",
    multiple=True,
    metavar="NAME=VALUE",
    callback=reads(_read),
    help="The value of a parameter of the scenarios, in place of its default.",
)
