"""Assumptions about what batches, their credits and their schedules do where SerpWow's pages are silent."""

from __future__ import annotations

from emulator.sdk import Assumption

UNKNOWN_BATCH = Assumption(
    "serpwow.unknown-batch",
    "Which status does an unknown id get, be it of a batch, a search, a result set or a destination?",
    ("400", "404"),
    "404 is published for a wrong path or verb, 400 for a request that is wrong for a reason given in the body.",
    decides=("unknown_batch", "unknown_destination"),
)
OTHER_ACCOUNT = Assumption(
    "serpwow.other-account",
    "What does a key hear of a batch or a destination that belongs to another account?",
    ("unknown", "401"),
    "An id that is not the account's own should look like one that was never given out.",
)
WRONG_STATE = Assumption(
    "serpwow.wrong-state",
    "Which status does a stop or a start get that the batch's state does not allow?",
    ("400", "200"),
    "400 is published for requests that are wrong for a reason given in the body, and for a resend in the wrong state.",
    decides=("not_stoppable", "not_startable"),
)
STOP_FAILURE = Assumption(
    "serpwow.stop-failure",
    "Which status does the stop of a queued or running batch get that fails?",
    ("500", "400"),
    "Nothing is wrong with the request, and 500 is published for errors on the vendor's side.",
    decides=("stop_failed",),
)
START_QUEUED = Assumption(
    "serpwow.start-queued",
    "What does a start do to a batch that is queued already?",
    ("refuse", "ignore"),
    "A second allocation would leave it open what a stop gives back, and silence would hide the mistake.",
)
START_EMPTY = Assumption(
    "serpwow.start-empty",
    "Can a batch without searches be started?",
    ("refuse", "allow"),
    "Such a run costs nothing and yields nothing.",
)
START_WITHOUT_CREDITS = Assumption(
    "serpwow.start-without-credits",
    "Which status does a start get that the account's credits do not cover?",
    ("402", "400"),
    "The page of Start says that an error is told, and 402 is published for an account that is out of credits.",
    decides=("no_credits",),
)
START_DISABLED = Assumption(
    "serpwow.start-disabled",
    "Can a batch that is not enabled be started by hand?",
    ("allow", "refuse"),
    "`enabled` is described for scheduled runs, and a start works for any type of schedule.",
)
LAST_RUN = Assumption(
    "serpwow.last-run",
    "When does last_run change?",
    ("running", "queued"),
    "It is the date of the last run, and a batch that was stopped in the queue has not run.",
)
PARTIAL_RESULTS = Assumption(
    "serpwow.partial-results",
    "Does stopping a running batch leave a result set with the searches done so far?",
    ("discard", "keep"),
    "A result set is published as the product of a batch that completes. One that is kept counts the searches done alone, and"
    " tells neither of a webhook nor of an upload.",
)
NEXT_RESULT_SET = Assumption(
    "serpwow.next-result-set",
    "When does next_result_set_id grow?",
    ("completed", "running"),
    "Clients take the number before it for the newest result set there is.",
)
STOPALL_SINGULAR = Assumption(
    "serpwow.stopall-singular",
    "How does stop-all name a single batch?",
    ("Batch", "Batches"),
    "The same maker publishes '1 Destination deleted'.",
)
STOPALL_NONE = Assumption(
    "serpwow.stopall-none",
    "Is a stop-all that finds nothing to stop a success?",
    ("success", "refuse"),
    "The page names no error, and both counts can be 0.",
)
STOPALL_WITH_FAILURES = Assumption(
    "serpwow.stopall-with-failures",
    "Is a stop-all in which some batches could not be stopped a success?",
    ("success", "failure"),
    "The body has a count for them, so the answer as a whole can succeed.",
)
STOP_SCHEDULE = Assumption(
    "serpwow.stop-schedule",
    "Does a stop keep the schedule from starting the batch again?",
    ("keep", "cancel"),
    "A stop sets the batch back to idle, and `enabled`, which holds back scheduled runs, is a field of its own.",
)
PLACES = Assumption(
    "serpwow.places",
    "How many batches run at a time?",
    ("by-size", "one"),
    "The limits name five for batches of up to 250 searches and one for larger ones, which read as places of their own for"
    " each; another page says that they run in sequence.",
)
OVERAGE_LIMIT = Assumption(
    "serpwow.overage-limit",
    "Does overage_limit end what can be used beyond the allowance?",
    ("none", "cap"),
    "With overage, use beyond the allowance is published to be billed and not refused.",
)
FAILED_SEARCHES = Assumption(
    "serpwow.failed-searches",
    "Do searches of a run that fail give their credits back?",
    ("keep", "refund"),
    "The searches of a batch are published to be charged as requests to the Search API are, of which only those that get 200"
    " cost; but no page says that credits which a start has allocated come back when the run is over.",
)
SCHEDULE_ZONE = Assumption(
    "serpwow.schedule-zone",
    "In which time zone are the hours of a schedule read?",
    ("account", "utc"),
    "The pages of SerpWow do not say; that of a sibling product names the time zone of the account's profile.",
)
SCHEDULE_MINUTES = Assumption(
    "serpwow.schedule-minutes",
    "From when are the minutes of a schedule counted?",
    ("hour", "midnight"),
    "Timetables of the usual kind begin again with each hour, which shows only for every 25 minutes.",
)
SCHEDULE_DAYS = Assumption(
    "serpwow.schedule-days",
    "When does a schedule by minutes run that names days of the week and days of the month?",
    ("both", "either"),
    "Each of the two is published as a restriction, and what is restricted twice is left where both allow it.",
)
SCHEDULE_CHANGE = Assumption(
    "serpwow.schedule-change",
    "What becomes of hours, days and minutes of a schedule that are not sent where its schedule_type changes?",
    ("kept", "dropped"),
    "They are parameters of their own, and an update changes those that are sent. Some are not shown while the type does not"
    " heed them, and bind again with a type that does.",
)
SHORT_MONTH = Assumption(
    "serpwow.short-month",
    "When does a schedule run in a month that does not have the day that it names?",
    ("not", "last-day"),
    "Public schemas have the days as numbers from 1 to 31, and none of them is said to be the last of each month.",
)
CREDITS_RESET = Assumption(
    "serpwow.credits-reset",
    "What happens when credits_reset_at comes?",
    ("monthly", "never"),
    "Plans are sold by credits per month; so the credits used come back, and the next time is a month later.",
)
