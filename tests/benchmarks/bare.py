"""A bare ASGI callable under uvicorn, to compare with: `/N` answers N bytes, head included.

python -m tests.benchmarks.bare PORT
"""

from __future__ import annotations

import sys
from typing import Any

OK = [(b"content-type", b"application/json")]
HEAD = 105
"""Bytes of the head that uvicorn makes of it: status, date, server name, the header above, and the length."""


async def app(scope: dict[str, Any], receive: Any, send: Any) -> None:  # noqa: ARG001
    """Answer as many bytes as the path says."""
    body = b"x" * max(0, int(scope["path"].rpartition("/")[2]) - HEAD)
    await send({"type": "http.response.start", "status": 200, "headers": [*OK, (b"content-length", b"%d" % len(body))]})
    await send({"type": "http.response.body", "body": body})


def main() -> None:
    import uvicorn

    uvicorn.run(
        app,
        port=int(sys.argv[1]),
        proxy_headers=False,
        loop="uvloop",
        http="httptools",
        lifespan="off",
        log_level="error",
        access_log=False,
    )


if __name__ == "__main__":
    main()
