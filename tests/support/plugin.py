"""Tests of a user, run by a real pytest in a process of its own."""

from __future__ import annotations

import pytest

CLIENT = """
import httpx
import pytest

def stop(emulator, batch):
    return httpx.get(f"{emulator.serpwow.url}/batches/{batch}/stop", params={"api_key": emulator.serpwow.api_key}, timeout=60)
"""


def run(pytester: pytest.Pytester, tests: str, *arguments: str) -> pytest.RunResult:
    pytester.makepyfile(CLIENT + tests)
    return pytester.runpytest_subprocess("-p", "no:cacheprovider", *arguments)
