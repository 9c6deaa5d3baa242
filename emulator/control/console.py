"""The files of the console: the page that people look at, which asks the control plane for all that it shows."""

from __future__ import annotations

from functools import cache
from hashlib import sha256
from pathlib import Path

from emulator.control.http import HttpRequest
from emulator.control.negotiation import HTML_TYPE, content_type
from emulator.control.problems import problem
from emulator.web.guard import CONSOLE
from emulator.web.response import OutgoingResponse, RawHeaders

FOLDER = Path(__file__).parent.parent / "console"
PAGE = "index.html"
TYPES = {".html": HTML_TYPE, ".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; worker-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
"""The page takes everything from its own origin, and nothing that stands in a text is a program or a style."""

HEADERS = [
    (b"content-security-policy", POLICY.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-frame-options", b"DENY"),
    (b"cache-control", b"no-cache"),
]


@cache
def _names() -> frozenset[str]:
    """Return the names of the files that are served: those in the folder, and no path that leads elsewhere."""
    return frozenset(it.name for it in FOLDER.iterdir() if it.suffix in TYPES)


def respond_with_file(request: HttpRequest) -> OutgoingResponse:
    """Return the file that a request names, the page where it names none; 304 to whoever has it already."""
    name = request.path_params.get("file", PAGE)
    if name not in _names():
        return problem(404, f"the console has no file of this name; the page is at {CONSOLE}")
    path = FOLDER / name
    content = path.read_bytes()
    tag = f'"{sha256(content).hexdigest()[:32]}"'.encode()
    headers: RawHeaders = [content_type(TYPES[path.suffix]), (b"etag", tag), *HEADERS]
    if tag.decode() in request.headers.get("if-none-match", ""):
        return OutgoingResponse(304, headers, b"")
    return OutgoingResponse(200, headers, content)
