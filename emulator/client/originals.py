"""The machine's own sleeps, kept from before a test replaces them: the handle imports this module with its first fixture."""

from __future__ import annotations

import asyncio
import time

TIME_SLEEP, ASYNCIO_SLEEP = time.sleep, asyncio.sleep
