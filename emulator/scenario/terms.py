"""The terms that more than one part of the grammar uses, as JSON Schemas."""

from __future__ import annotations

from typing import Any

DURATION = {"type": "string", "pattern": r"^[0-9]+(ms|s|m|h|d)$", "description": "500ms, 30s, 5m, 2h or 60d"}
INSTANT: dict[str, Any] = {"type": "string", "format": "date-time"}
