"""A scenario as a value, written as a file that the strict loader reads back to the same value."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import yaml

from emulator.client.json_encoding import duration
from emulator.kernel.time import format_instant


class _Dumper(yaml.SafeDumper):
    """Writes decimals as they are, and every string that YAML could take for something else in quotes."""

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002
        return True


def _decimal(dumper: yaml.SafeDumper, value: Decimal) -> yaml.Node:
    return dumper.represent_scalar("tag:yaml.org,2002:float", format(value, "f"))


_Dumper.add_representer(Decimal, _decimal)
_Dumper.add_representer(float, lambda dumper, value: _decimal(dumper, Decimal(str(value))))
_Dumper.add_representer(timedelta, lambda dumper, value: dumper.represent_str(duration(value)))
_Dumper.add_representer(datetime, lambda dumper, value: dumper.represent_str(format_instant(value)))


def to_yaml(scenario: Mapping[str, Any]) -> str:
    """Return the text of a scenario file."""
    return yaml.dump(_plain(scenario), Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=120)


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _plain(part) for key, part in value.items()}
    return [_plain(part) for part in value] if isinstance(value, (list, tuple)) else value
