"""A scenario as a value, written as a file that the strict loader reads back to the same value."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import yaml

from emulator.client.json_encoding import plain
from emulator.scenario.document import JsonObject


class _Dumper(yaml.SafeDumper):
    """Writes decimals as they are, and every string that YAML could take for something else in quotes."""

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002
        return True


def _number(dumper: yaml.SafeDumper, value: Decimal | float) -> yaml.Node:
    return dumper.represent_scalar("tag:yaml.org,2002:float", format(Decimal(str(value)), "f"))


_Dumper.add_representer(Decimal, _number)
_Dumper.add_representer(float, _number)


def to_yaml(scenario: JsonObject) -> str:
    """Return the text of a scenario file."""
    return yaml.dump(plain(scenario), Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=120)
