"""The results of a job: one line for each row that has an outcome, made anew from the job each time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from hashlib import blake2b

import orjson

from emulator.sdk import Renderer, Request, Response, Stream, Struct, Transaction, base62
from emulator.vendors.stripe.assumptions.jobs import LINK_REFUSED
from emulator.vendors.stripe.files.model.outcomes import FAILURES, Failure, RowOutcomes
from emulator.vendors.stripe.model.endpoints import ACTIONS, Endpoint
from emulator.vendors.stripe.model.jobs import Job

CHUNK_SIZE = 65_536
"""Most bytes of a chunk that has several lines, or blanks."""

_OBJECTS = {
    "balance_transaction": "customer_balance_transaction",
    "feature": "product_feature",
    "funding_instruction": "funding_instructions",
    "line": "line_item",
    "registration": "tax.registration",
    "setting": "tax.settings",
    "transaction": "tax.transaction",
    "value_list_item": "radar.value_list_item",
}
"""The kinds of resources that are not called as their paths are. Evidence: stripe-results-8."""

_PREFIXES = {
    "account": "acct_",
    "bank_account": "ba_",
    "coupon": "",
    "credit_note": "cn_",
    "customer": "cus_",
    "customer_balance_transaction": "cbtxn_",
    "discount": "di_",
    "invoice": "in_",
    "invoiceitem": "ii_",
    "line_item": "il_",
    "product": "prod_",
    "product_feature": "prodft_",
    "promotion_code": "promo_",
    "radar.value_list_item": "rsli_",
    "refund": "re_",
    "source": "src_",
    "subscription": "sub_",
    "subscription_item": "si_",
    "subscription_schedule": "sub_sched_",
    "tax.registration": "taxreg_",
    "tax.transaction": "tax_",
    "tax_id": "txi_",
    "tax_rate": "txr_",
}
"""The beginnings of ids that are not the kind of the resource. Evidence: stripe-results-9."""
_WITHOUT_ID = ("cash_balance", "customer_session", "funding_instructions", "tax.settings")
_LEAST_DIGITS = 6
_ID_LETTERS = 14
_BEFORE_ID = b'{"id":'


def size_of(job: Job) -> int:
    """Return the bytes of the results. Evidence: stripe-results-6."""
    if (work := _processed_work(job)) is not None:
        if job.processed not in work.sizes:
            work.sizes[job.processed] = sum(_line_lengths(work, job.processed))
        return work.sizes[job.processed]
    return job.output_size if job.output_size is not None and can_have_size(job) else _natural_size(job)


def chunks_of(job: Job) -> Iterator[bytes]:
    """Yield the results, some lines at a time."""
    work = _processed_work(job)
    return _joined(_lines_without_file(job) if work is None else _lines(work, job))


def can_have_size(job: Job) -> bool:
    """Return whether the results of a job without a file can have the `output_size` that its scenario gives."""
    least = _natural_size(job, short=True)
    return job.output_size is None or job.output_size == least or (least > 0 and job.output_size > least)


def object_of(endpoint: Endpoint) -> str:
    """Return the kind of resource that a call of the endpoint answers with."""
    words = [segment for segment in endpoint.path.split("/") if segment and not segment.startswith(":")]
    word = words[-2] if words[-1] in ACTIONS and len(words) > 2 else words[-1]
    word = word[:-3] + "y" if word.endswith("ies") else word.removesuffix("s")
    return _OBJECTS.get(word, word)


def _processed_work(job: Job) -> RowOutcomes | None:
    return None if job.status == "validation_failed" else job.work


def _joined(lines: Iterator[bytes]) -> Iterator[bytes]:
    """Join lines to chunks of at most PIECE bytes, unless one line is longer."""
    chunk, size = list[bytes](), 0
    for line in lines:
        if size + len(line) > CHUNK_SIZE and chunk:
            yield b"".join(chunk)
            chunk, size = [], 0
        chunk.append(line)
        size += len(line)
    if chunk:
        yield b"".join(chunk)


class _Form(Struct, frozen=True, gc=False):
    """The text before and after the id of a resource in a line, and the beginning of a new id; None where it has no id."""

    before: bytes
    prefix: str | None
    after: bytes

    @classmethod
    def of(cls, endpoint: Endpoint) -> _Form:
        word = object_of(endpoint)
        deleted = b',"deleted":true' if endpoint.http_method == "delete" and word != "subscription" else b""
        after = b'"object":' + orjson.dumps(word) + deleted + b'},"status":200}\n'
        if word in _WITHOUT_ID:
            return cls(b',"response":{', None, after)
        return cls(b',"response":{"id":', _PREFIXES.get(word, f"{word}_"), b"," + after)


def _after_id(failure: Failure) -> bytes:
    return b',"response":%b,"status":%d}\n' % (orjson.dumps({"error": failure.error}), failure.status)


def _line_lengths(work: RowOutcomes, count: int) -> Iterator[int]:
    """Yield the lengths of the first `count` of `_lines`, without making these."""
    form = _Form.of(work.endpoint)
    success = len(_BEFORE_ID) + len(form.before) + len(form.after)
    failures = [len(_BEFORE_ID), *(len(_BEFORE_ID) + len(_after_id(failure)) for failure in work.failures)]
    minted = len(_new_id(form.prefix, "", 0))
    single = work.endpoint.names_target and len(work.endpoint.placeholders) == 1
    for row in map(work.order.row, range(count)):
        if outcome := work.outcomes[row]:
            yield failures[outcome] + len(work.id(row))
        elif single:
            yield success + work.rows.record_length(row) - len("[]")
        else:
            yield success + len(work.id(row)) + len(work.target(row) or b" " * minted)


def _lines(work: RowOutcomes, job: Job) -> Iterator[bytes]:
    form = _Form.of(work.endpoint)
    failures = [b"", *map(_after_id, work.failures)]
    for row in map(work.order.row, range(job.processed)):
        id = _BEFORE_ID + work.id(row)
        if outcome := work.outcomes[row]:
            yield id + failures[outcome]
        else:
            yield id + form.before + (work.target(row) or _new_id(form.prefix, job.id, row)) + form.after


def _new_id(prefix: str | None, job: str, row: int) -> bytes:
    """Return the id of the resource that a row created, as JSON; nothing where it has no id."""
    if prefix is None:
        return b""
    return f'"{prefix}{base62(blake2b(f"{job}/{row}".encode()).digest(), _ID_LETTERS)}"'.encode()


def validation_failure(job: Job) -> Failure:
    """Return the failure of the row at which validation stopped."""
    work = job.work
    return FAILURES[-1] if work is None or work.invalid is None else FAILURES[work.outcomes[work.invalid] - 1]


def _validation_line(job: Job) -> bytes:
    """Return the line of the row at which validation stopped. Evidence: stripe-validation-3."""
    work = job.work
    id = _row_id(job, (job.invalid_row or 1) - 1) if work is None or work.invalid is None else work.id(work.invalid)
    return _BEFORE_ID + id + _after_id(validation_failure(job))


def _natural_size(job: Job, short: bool = False) -> int:
    if job.status == "validation_failed":
        return len(_validation_line(job)) if job.failure_count else 0
    good, bad = _line_without_file(job, 0, False, short), _line_without_file(job, 0, True, short)
    return job.success_count * len(good) + job.failure_count * len(bad)


def _lines_without_file(job: Job) -> Iterator[bytes]:
    """Yield the lines of a job without a file, with blanks before the last line end to fill the size that a scenario gives.

    The last rows come first, and failures are spread evenly.
    """
    count, failed, short = job.processed, job.failure_count, size_of(job) < _natural_size(job)
    lines = (
        _line_without_file(job, job.rows - 1 - n, (n + 1) * failed // count > n * failed // count, short) for n in range(count)
    )
    if job.status == "validation_failed":
        lines = (_validation_line(job) for _ in range(min(failed, 1)))
    return _padded(lines, size_of(job) - _natural_size(job, short))


def _padded(lines: Iterator[bytes], missing: int) -> Iterator[bytes]:
    last = next(lines, None)
    for line in lines:
        if last is not None:
            yield last
        last = line
    if last is not None:
        yield last[:-1]
        yield from (b" " * min(CHUNK_SIZE, missing - start) for start in range(0, missing, CHUNK_SIZE))
        yield b"\n"


def _line_without_file(job: Job, row: int, fails: bool, short: bool) -> bytes:
    id = _row_id(job, row)
    if short:
        return _BEFORE_ID + id + b',"response":' + (b'{"error":{}},"status":400}\n' if fails else b'{},"status":200}\n')
    if fails:
        return _BEFORE_ID + id + _after_id(Failure())
    form = _Form.of(job.endpoint)
    return _BEFORE_ID + id + form.before + _numbered(job, row, form.prefix) + form.after


def _row_id(job: Job, row: int) -> bytes:
    """Return the id of a row of a job without a file."""
    return _numbered(job, row, "req_")


def _numbered(job: Job, row: int, prefix: str | None) -> bytes:
    if prefix is None:
        return b""
    return b'"%b%0*d"' % (prefix.encode(), max(_LEAST_DIGITS, len(str(job.rows))), row + 1)


def _uploaded(_tx: Transaction, _request: Request, _job: Job) -> Response:
    return Response(200)


def _results(_tx: Transaction, _request: Request, job: Job) -> Response:
    return Response(200, Stream(size_of(job), chunks_of(job)), {"content-type": "application/jsonlines"})


def _link_refused(tx: Transaction, _request: Request, _subject: object) -> Response:
    return Response(int(tx.choice(LINK_REFUSED)))


def _wrong_verb(_tx: Transaction, _request: Request, verbs: Sequence[str]) -> Response:
    return Response(405, None, {"allow": ", ".join(verbs)})


FILE_RENDERERS: dict[str, Renderer] = {
    "uploaded": _uploaded,
    "results": _results,
    "link_refused": _link_refused,
    "wrong_verb": _wrong_verb,
}
