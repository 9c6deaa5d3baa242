"""Presigned links to upload the file of a job and to download its results, and when these expire."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import lru_cache, partial
from urllib.parse import quote

from emulator.sdk import END_OF_TIME, Request, Timer, Transaction, View, base62, instant_of
from emulator.vendors.stripe.assumptions.jobs import LINK_LIFE
from emulator.vendors.stripe.model.jobs import Job

MOUNT = "/_files"
LINK = Timer("stripe.download_link", timedelta(minutes=60), "stripe-output-4")
RETENTION = Timer("stripe.retention", timedelta(days=7), "stripe-output-5")

LIFE_FROM_CREATION = timedelta(minutes=70)
"""Time from the creation of a job to the end of its link in every sample. Evidence: stripe-output-4."""

_EPOCH = instant_of(1970, 1, 1)
_MILLISECOND = timedelta(milliseconds=1)
_SIGNATURE = 32
_quoted = lru_cache(maxsize=1024)(partial(quote, safe=""))


def results_end(view: View, job: Job) -> datetime | None:
    """Return when the results of an ended job are deleted, None if never."""
    kept = view.length(RETENTION, job)
    return None if kept is None else job.since + kept


def results_are_gone(view: View, job: Job) -> bool:
    """Return whether the results of an ended job are deleted by now."""
    end = results_end(view, job)
    return end is not None and view.now >= end


def link_end(tx: Transaction, job: Job) -> datetime | None:
    """Return when a download link made now expires, None if never. Evidence: stripe-output-4 and stripe-output-7."""
    return min((end for end in (_life_end(tx, job), results_end(tx, job)) if end is not None), default=None)


def is_cut_short(tx: Transaction, job: Job) -> bool:
    """Return whether a link made now expires early because its results do. Evidence: stripe-output-7."""
    return link_end(tx, job) != _life_end(tx, job)


def is_as_printed(tx: Transaction, job: Job) -> bool:
    """Return whether links of a job expire when those of every sample do."""
    return tx.choice(LINK_LIFE) == "from-creation" and _life_end(tx, job) == job.created + LIFE_FROM_CREATION


def upload_link(tx: Transaction, request: Request, job: Job) -> str:
    """Return the URL to upload the file of a job to."""
    return _link(tx, request, "upload", job.id)


def download_link(tx: Transaction, request: Request, job: Job, expires: datetime | None) -> str:
    """Return the URL of the results of a job, which is good until it expires."""
    until = ((expires or END_OF_TIME) - _EPOCH) // _MILLISECOND
    return _link(tx, request, "download", f"{job.id}-{until}")


def read_upload(tx: Transaction, token: str) -> str | None:
    """Return the id of the job that an upload link leads to, None for a token that this world did not sign."""
    return _verify(tx, "upload", token)


def read_download(tx: Transaction, token: str) -> tuple[str, datetime] | None:
    """Return the id of the job that a download link leads to and when the link expires; None as in `read_upload`."""
    signed = _verify(tx, "download", token)
    if signed is None:
        return None
    id, _, until = signed.rpartition("-")
    return id, _EPOCH + int(until) * _MILLISECOND


def _life_end(tx: Transaction, job: Job) -> datetime | None:
    length = tx.length(LINK, job)
    if length is None:
        return None
    if tx.choice(LINK_LIFE) == "from-creation":
        return max(job.created + LIFE_FROM_CREATION, job.since + length)
    return tx.now + length


def _link(tx: Transaction, request: Request, purpose: str, text: str) -> str:
    token = quote(_sign(tx, purpose, text), safe="")
    return f"{request.base_url}{MOUNT}/stripe/{_quoted(tx.world_id)}/{purpose}/{token}"


def _sign(tx: Transaction, purpose: str, text: str) -> str:
    return f"{text}-{base62(tx.digest(f'{purpose}/{text}'), _SIGNATURE)}"


def _verify(tx: Transaction, purpose: str, token: str) -> str | None:
    text = token.rpartition("-")[0]
    return text if text and token == _sign(tx, purpose, text) else None
