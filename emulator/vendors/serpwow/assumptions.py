"""Where SerpWow's publications are silent and a client could see the difference: what we chose, and what else to choose."""

from __future__ import annotations

from emulator.kernel.assumption import Assumption

UNKNOWN_BATCH = Assumption(
    "serpwow.unknown-batch",
    "Which status does an unknown batch id get?",
    ("400", "404"),
    "400",
    "404 is published for a wrong path or verb, 400 for a request that is wrong for a reason given in the body.",
)
OTHER_ACCOUNT = Assumption(
    "serpwow.other-account",
    "What does a key hear of a batch that belongs to another account?",
    ("unknown", "401"),
    "unknown",
    "An id that is not the account's own should look like one that was never given out.",
)
WRONG_STATE = Assumption(
    "serpwow.wrong-state",
    "Which status does a stop or a start get that the batch's state does not allow?",
    ("400", "200"),
    "400",
    "400 is published for requests that are wrong for a reason given in the body, and for a resend in the wrong state.",
)
STOP_FAILURE = Assumption(
    "serpwow.stop-failure",
    "Which status does the stop of a queued or running batch get that fails?",
    ("500", "400"),
    "500",
    "Nothing is wrong with the request, and 500 is published for errors on the vendor's side.",
)
START_QUEUED = Assumption(
    "serpwow.start-queued",
    "What does a start do to a batch that is queued already?",
    ("refuse", "ignore"),
    "refuse",
    "A second allocation would leave it open what a stop gives back, and silence would hide the mistake.",
)
START_EMPTY = Assumption(
    "serpwow.start-empty",
    "Can a batch without searches be started?",
    ("refuse", "allow"),
    "refuse",
    "Such a run costs nothing and yields nothing.",
)
START_DISABLED = Assumption(
    "serpwow.start-disabled",
    "Can a batch that is not enabled be started by hand?",
    ("allow", "refuse"),
    "allow",
    "`enabled` is described for scheduled runs, and a start works for any type of schedule.",
)
LAST_RUN = Assumption(
    "serpwow.last-run",
    "When does last_run change?",
    ("running", "queued"),
    "running",
    "It is the date of the last run, and a batch that was stopped in the queue has not run.",
)
PARTIAL_RESULTS = Assumption(
    "serpwow.partial-results",
    "Does stopping a running batch leave a result set with the searches done so far?",
    ("discard", "keep"),
    "discard",
    "A result set is published as the product of a batch that completes.",
)
NEXT_RESULT_SET = Assumption(
    "serpwow.next-result-set",
    "When does next_result_set_id grow?",
    ("completed", "running"),
    "completed",
    "Clients take the number before it for the newest result set there is.",
)
STOPALL_SINGULAR = Assumption(
    "serpwow.stopall-singular",
    "How does stop-all name a single batch?",
    ("Batch", "Batches"),
    "Batch",
    "The same maker publishes '1 Destination deleted'.",
)
STOPALL_NONE = Assumption(
    "serpwow.stopall-none",
    "Is a stop-all that finds nothing to stop a success?",
    ("success", "refuse"),
    "success",
    "The page names no error, and both counts can be 0.",
)
STOPALL_WITH_FAILURES = Assumption(
    "serpwow.stopall-with-failures",
    "Is a stop-all in which some batches could not be stopped a success?",
    ("success", "failure"),
    "success",
    "The body has a count for them, so the answer as a whole can succeed.",
)
LIST_BAD_PARAMETER = Assumption(
    "serpwow.list-bad-parameter",
    "What becomes of a list parameter whose value is not among those published?",
    ("refuse", "ignore"),
    "refuse",
    "400 is published for invalid requests.",
)
LIST_BEYOND_END = Assumption(
    "serpwow.list-beyond-end",
    "What does a page beyond the last one hold?",
    ("empty", "refuse"),
    "empty",
    "The counts in the body say all there is to say.",
)
LIST_PRIORITY_ORDER = Assumption(
    "serpwow.list-priority-order",
    "Which priority comes first in ascending order?",
    ("lowest", "highest"),
    "lowest",
    "The words themselves are a scale.",
)
LIST_NEVER_RUN = Assumption(
    "serpwow.list-never-run",
    "Where do batches that never ran stand when the list is sorted by last_run, ascending?",
    ("first", "last"),
    "first",
    "No date is less than any date.",
)
LIST_NEVER_RUN_FILTER = Assumption(
    "serpwow.list-never-run-filter",
    "Does last_run_before let through a batch that never ran?",
    ("excluded", "included"),
    "excluded",
    "What did not happen was not before anything.",
)
PATH_SPELLING = Assumption(
    "serpwow.path-spelling",
    "Are paths with other capitals or a trailing slash understood?",
    ("tolerant", "strict"),
    "tolerant",
    "The vendor's own pages print one path with a capital, and public clients end paths with a slash.",
)
REFUSED_FIRST = Assumption(
    "serpwow.refused-first",
    "Which is refused first, a key that is not valid or a path that does not exist?",
    ("key", "path"),
    "key",
    "Keys are checked in front of everything else as a rule.",
)

ASSUMPTIONS = (
    UNKNOWN_BATCH,
    OTHER_ACCOUNT,
    WRONG_STATE,
    STOP_FAILURE,
    START_QUEUED,
    START_EMPTY,
    START_DISABLED,
    LAST_RUN,
    PARTIAL_RESULTS,
    NEXT_RESULT_SET,
    STOPALL_SINGULAR,
    STOPALL_NONE,
    STOPALL_WITH_FAILURES,
    LIST_BAD_PARAMETER,
    LIST_BEYOND_END,
    LIST_PRIORITY_ORDER,
    LIST_NEVER_RUN,
    LIST_NEVER_RUN_FILTER,
    PATH_SPELLING,
    REFUSED_FIRST,
)
