"""Clients of others as tests use them: patient, and with the authorities of the wide world read once."""

from __future__ import annotations

import os
import ssl
from functools import cache
from inspect import unwrap
from typing import Any

import httpx
import pytest

CLIENTS = (httpx.Client.__init__, httpx.AsyncClient.__init__)
CALLS = (httpx.request, httpx.stream, httpx.get, httpx.post, httpx.put, httpx.patch, httpx.delete, httpx.head, httpx.options)


def wait_as_long_as_it_takes(patch: pytest.MonkeyPatch) -> None:
    """Let each client of httpx wait that is not told how long: how fast the machine is, is no test's matter."""
    for made in (*CLIENTS, *CALLS):
        patch.setitem(unwrap(made).__kwdefaults__, "timeout", None)


def read_authorities_once(patch: pytest.MonkeyPatch) -> None:
    """Let clients that trust the same file share what is made of it, which takes longer than most tests."""
    make = ssl.create_default_context

    @cache
    def remembered(file: str, _changed: int) -> ssl.SSLContext:
        return make(cafile=file)

    def trusting(*args: Any, **options: Any) -> ssl.SSLContext:
        if args or {*options} != {"cafile"}:
            return make(*args, **options)
        return remembered(options["cafile"], os.stat(options["cafile"]).st_mtime_ns)

    patch.setattr(ssl, "create_default_context", trusting)
