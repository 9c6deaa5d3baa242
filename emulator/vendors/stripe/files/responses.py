"""The results of a job: a line for each row that has an outcome, made anew each time from the job alone."""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import blake2b

import orjson

from emulator.vendors.stripe.files.model.outcomes import FAILURES, Failure, Work
from emulator.vendors.stripe.model.jobs import Job, letters
from emulator.vendors.stripe.model.versions import Endpoint

PIECE = 65_536
"""Bytes of a chunk, unless one line is longer."""

_ACTIONS = frozenset(
    ("pay", "migrate", "cancel", "close", "send", "void", "finalize", "attach", "resume", "pause", "release", "verify")
)
_PREFIXES = {
    "account": "acct",
    "credit_note": "cn",
    "customer": "cus",
    "invoice": "in",
    "promotion_code": "promo",
    "refund": "re",
    "subscription": "sub",
    "subscription_schedule": "sub_sched",
}
_LEAST_DIGITS = 6
_MINTED = 14


def size_of(job: Job) -> int:
    """Bytes of the results. Evidence: stripe-results-1."""
    if job.work is not None and job.status != "validation_failed":
        return _size_of_work(job.work, job)
    return job.output_size if job.output_size is not None and can_have_size(job) else _natural_size(job)


def chunks_of(job: Job) -> Iterator[bytes]:
    """The results, some lines at a time."""
    if job.work is not None and job.status != "validation_failed":
        return _joined(_lines_of_work(job.work, job))
    return _joined(_stretched(job))


def can_have_size(job: Job) -> bool:
    """Whether the results of a job of which a scenario gave numbers only can have the `output_size` that it gave as well."""
    least = _natural_size(job, short=True)
    return job.output_size is None or job.output_size == least or (least > 0 and job.output_size > least)


def _joined(lines: Iterator[bytes]) -> Iterator[bytes]:
    """Join lines, as far as a chunk is no longer than PIECE or is one line."""
    chunk, size = list[bytes](), 0
    for line in lines:
        if size + len(line) > PIECE and chunk:
            yield b"".join(chunk)
            chunk, size = [], 0
        chunk.append(line)
        size += len(line)
    if chunk:
        yield b"".join(chunk)


def object_of(endpoint: Endpoint) -> str:
    """The kind of resource that a call of the endpoint answers with."""
    words = [segment for segment in endpoint.path.split("/") if segment and not segment.startswith(":")]
    word = words[-2] if words[-1] in _ACTIONS and len(words) > 2 else words[-1]
    return word[:-3] + "y" if word.endswith("ies") else word.removesuffix("s")


def _prefix(endpoint: Endpoint) -> str:
    word = object_of(endpoint)
    return _PREFIXES.get(word, word)


def _after_target(endpoint: Endpoint) -> bytes:
    body = b',"object":' + orjson.dumps(object_of(endpoint))
    gone = endpoint.http_method == "delete" and object_of(endpoint) != "subscription"
    return body + (b',"deleted":true' if gone else b"") + b'},"status":200}\n'


def _after_id(failure: Failure) -> bytes:
    return b',"response":' + orjson.dumps({"error": failure.error}) + b',"status":' + str(failure.status).encode() + b"}\n"


_BEFORE_ID, _BEFORE_TARGET = b'{"id":', b',"response":{"id":'


def _size_of_work(work: Work, job: Job) -> int:
    if job.processed not in work.sizes:
        work.sizes[job.processed] = sum(_lengths_of_work(work, job.processed))
    return work.sizes[job.processed]


def _lengths_of_work(work: Work, count: int) -> Iterator[int]:
    success = len(_BEFORE_ID) + len(_BEFORE_TARGET) + len(_after_target(work.endpoint))
    tails = [0, *(len(_after_id(failure)) for failure in work.failures)]
    minted = len(_prefix(work.endpoint)) + 1 + _MINTED + 2
    single = len(work.endpoint.placeholders) == 1
    for row in map(work.order.row, range(count)):
        outcome = work.outcomes[row]
        if outcome:
            yield len(_BEFORE_ID) + len(work.id(row)) + tails[outcome]
        elif single:
            yield success + work.rows.record_length(row) - len("[]")
        else:
            yield success + len(work.id(row)) + len(work.target(row) or b" " * minted)


def _lines_of_work(work: Work, job: Job) -> Iterator[bytes]:
    tail, prefix = _after_target(work.endpoint), _prefix(work.endpoint)
    tails = [b"", *(_after_id(failure) for failure in work.failures)]
    for row in map(work.order.row, range(job.processed)):
        outcome = work.outcomes[row]
        if outcome:
            yield _BEFORE_ID + work.id(row) + tails[outcome]
        else:
            yield _BEFORE_ID + work.id(row) + _BEFORE_TARGET + (work.target(row) or _mint(prefix, job.id, row)) + tail


def _mint(prefix: str, job: str, row: int) -> bytes:
    """The id of what a row brought into being."""
    return f'"{prefix}_{letters(blake2b(f"{job}/{row}".encode()).digest(), _MINTED)}"'.encode()


def _validation_line(job: Job) -> bytes:
    """The line of the row at which validation stopped. Evidence: stripe-validation-3."""
    if job.work and job.work.invalid is not None:
        id, fault = job.work.id(job.work.invalid), job.work.outcomes[job.work.invalid]
        return _BEFORE_ID + id + _after_id(FAILURES[fault - 1])
    return _BEFORE_ID + _numbered(job, (job.invalid_row or 1) - 1) + _after_id(FAILURES[-1])


def _natural_size(job: Job, short: bool = False) -> int:
    if job.status == "validation_failed":
        return len(_validation_line(job)) if job.failure_count else 0
    good, bad = _line(job, 0, False, short), _line(job, 0, True, short)
    return job.success_count * len(good) + job.failure_count * len(bad)


def _stretched(job: Job) -> Iterator[bytes]:
    """The lines of a job without a file; blanks before the last line end make up for the size that a scenario gave."""
    short = size_of(job) < _natural_size(job)
    missing = size_of(job) - _natural_size(job, short)
    lines = iter((_validation_line(job),) if job.failure_count else ()) if job.status == "validation_failed" else None
    return _with_blanks(lines or _lines_of_numbers(job, short), missing)


def _with_blanks(lines: Iterator[bytes], missing: int) -> Iterator[bytes]:
    last = next(lines, None)
    for line in lines:
        if last is not None:
            yield last
        last = line
    if last is not None:
        yield last[:-1]
        yield from (b" " * min(PIECE, missing - begun) for begun in range(0, missing, PIECE))
        yield b"\n"


def _lines_of_numbers(job: Job, short: bool) -> Iterator[bytes]:
    """The last rows first, and failures spread evenly among them."""
    count, failed = job.processed, job.failure_count
    for n in range(count):
        yield _line(job, job.rows - 1 - n, (n + 1) * failed // count > n * failed // count, short)


def _line(job: Job, row: int, fails: bool, short: bool) -> bytes:
    id = _numbered(job, row)
    if short:
        return _BEFORE_ID + id + b',"response":' + (b'{"error":{}},"status":400}\n' if fails else b'{},"status":200}\n')
    if fails:
        return _BEFORE_ID + id + _after_id(Failure())
    target = b'"%s_%0*d"' % (_prefix(job.endpoint).encode(), _width(job), row + 1)
    return _BEFORE_ID + id + _BEFORE_TARGET + target + _after_target(job.endpoint)


def _numbered(job: Job, row: int) -> bytes:
    """The id of a row of which a scenario says no more than that it exists."""
    return b'"req_%0*d"' % (_width(job), row + 1)


def _width(job: Job) -> int:
    return max(_LEAST_DIGITS, len(str(job.rows)))
