"""Links that carry their own permission: to upload a job's file, and to download its results."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Protocol
from urllib.parse import quote

from emulator.sdk import END_OF_TIME, Request, Timer
from emulator.vendors.stripe.model.jobs import Job, letters

MOUNT = "/_files"
LINK = Timer("stripe.download_link", timedelta(minutes=60), "stripe-output-4")
RETENTION = Timer("stripe.retention", timedelta(days=7), "stripe-output-5")

_EPOCH = datetime.fromisoformat("1970-01-01T00:00:00+00:00")
_MILLISECOND = timedelta(milliseconds=1)
_SIGNED = 32


class Signer(Protocol):
    """What a link is made with: the world it leads to, and its secret."""

    @property
    def world_id(self) -> str: ...
    def digest(self, purpose: str) -> bytes: ...


def upload_link(world: Signer, request: Request, job: Job) -> str:
    """Where the job's file goes."""
    return _link(world, request, "upload", _token(world, "upload", job.id))


def download_link(world: Signer, request: Request, job: Job, expires: datetime | None) -> str:
    """Where the job's results are, until the link expires."""
    until = ((expires or END_OF_TIME) - _EPOCH) // _MILLISECOND
    return _link(world, request, "download", _token(world, "download", f"{job.id}-{until}"))


def read_upload(world: Signer, token: str) -> str | None:
    """The id of the job that the link is for, None where the link was not made here."""
    return _read(world, "upload", token)


def read_download(world: Signer, token: str) -> tuple[str, datetime] | None:
    """The id of the job, and when the link expires."""
    signed = _read(world, "download", token)
    if signed is None:
        return None
    id, _, until = signed.rpartition("-")
    return id, _EPOCH + int(until) * _MILLISECOND


def _link(world: Signer, request: Request, what: str, token: str) -> str:
    return f"{request.base_url}{MOUNT}/stripe/{quote(world.world_id, safe='')}/{what}/{quote(token, safe='')}"


def _token(world: Signer, what: str, text: str) -> str:
    return f"{text}-{letters(world.digest(f'{what}/{text}'), _SIGNED)}"


def _read(world: Signer, what: str, token: str) -> str | None:
    text = token.rpartition("-")[0]
    return text if text and token == _token(world, what, text) else None
