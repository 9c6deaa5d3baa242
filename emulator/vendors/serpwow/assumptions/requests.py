"""Assumptions about requests and their answers where SerpWow's pages are silent: paths, keys, parameters, lists, bodies."""

from __future__ import annotations

from emulator.sdk import Assumption
from emulator.vendors.serpwow.assumptions.searches import DETECTED_TYPE, REPEATED_CUSTOM_ID, SEARCH_WITHOUT_Q

LIST_BAD_PARAMETER = Assumption(
    "serpwow.list-bad-parameter",
    "What becomes of a list parameter whose value is not among those published?",
    ("refuse", "ignore"),
    "400 is published for invalid requests.",
)
UNPRINTED_VALUES = Assumption(
    "serpwow.unprinted-values",
    "What becomes of a value of a parameter in the query that no page prints, though its meaning is plain?",
    ("read", "refuse"),
    "Such are false for force and the filters that are published as true, an empty search_term or q, a page that is written 01,"
    " and a timestamp that is not in UTC, has no time or is at 24:00. To read them asks for nothing that they do not say.",
)
LIST_BEYOND_END = Assumption(
    "serpwow.list-beyond-end",
    "What does a page beyond the last one hold?",
    ("empty", "refuse"),
    "The counts in the body say all there is to say.",
)
LIST_ORDER = Assumption(
    "serpwow.list-order",
    "By what are batches listed where sort_by is left out?",
    ("name", "created_at"),
    "The page says that it is by name; its sample has My Second Batch, which was made a day earlier, before My First Batch.",
)
LIST_PRIORITY_ORDER = Assumption(
    "serpwow.list-priority-order",
    "Which priority comes first in ascending order?",
    ("lowest", "highest"),
    "The words themselves are a scale.",
)
LIST_NEVER_RUN = Assumption(
    "serpwow.list-never-run",
    "Where do batches that never ran stand when the list is sorted by last_run, ascending?",
    ("first", "last"),
    "No date is less than any date.",
)
LIST_NEVER_RUN_FILTER = Assumption(
    "serpwow.list-never-run-filter",
    "Does last_run_before let through a batch that never ran?",
    ("excluded", "included"),
    "What did not happen was not before anything.",
)
TIED_BATCHES = Assumption(
    "serpwow.tied-batches",
    "Which comes first of batches, destinations or error logs that have the same place in the order that is asked for?",
    ("oldest", "newest"),
    "The page says nothing; most stores keep such items in the order in which they came.",
)
WITHOUT_RESULTS = Assumption(
    "serpwow.only-without-results",
    "Does only_without_results list a batch that ran and has no result set any more, or never had one?",
    ("available", "never-run"),
    "The page says that such batches have no result sets available, and adds that they have not been run yet.",
)
LIST_FIELDS = Assumption(
    "serpwow.list-fields",
    "Do List Batches, List Result Sets and Create Searches tell the fields of a batch that their samples leave out?",
    ("printed", "all"),
    "All samples leave out credits_required, searches_type and searches_type_locked, the older two also last_run, priority,"
    " destination_ids and next_result_set_id. Each is of a batch, of which other pages print these fields, so they may be"
    " there; but a client that needs none of them works either way.",
)
HOURLY_SCHEDULE = Assumption(
    "serpwow.hourly-schedule",
    "What becomes of the schedule_type hourly?",
    ("refuse", "every-hour"),
    "No page prints a value for it; minutes with every_hour runs so, and is what the batch then has, whatever else was sent.",
)
PATH_SPELLING = Assumption(
    "serpwow.path-spelling",
    "Are paths with other capitals or a trailing slash understood?",
    ("tolerant", "strict"),
    "The vendor's own pages print one path with a capital, and public clients end paths with a slash.",
)
SINGULAR_PATH = Assumption(
    "serpwow.singular-path",
    "What gets POST /destination, as the page of Create Destination heads its example?",
    ("404", "served"),
    "The samples below that head, and the rest of the page, have /destinations; a client that calls a path that may not exist"
    " learns it here.",
)
REFUSED_FIRST = Assumption(
    "serpwow.refused-first",
    "Which is refused first, a key that is not valid or a path that does not exist?",
    ("key", "path"),
    "Keys are checked in front of everything else as a rule. A probe without a key saw 404 for unknown paths outside /live.",
)
EDIT_QUEUED = Assumption(
    "serpwow.edit-queued",
    "Can a queued batch be updated or deleted, or its searches be changed?",
    ("refuse", "allow"),
    "Only running ones are published to refuse it, and queued ones another priority; but searches that are added in the queue"
    " would run without cost, against the published price, and a batch that is cleared there would run empty.",
)
UNNAMED_BATCH = Assumption(
    "serpwow.unnamed-batch",
    "Can a batch be made without a name?",
    ("refuse", "allow"),
    "Schemas of sibling products require it, and all public callers send it. One that has none is named Batch and its id.",
)
INCOMPLETE_SCHEDULE = Assumption(
    "serpwow.incomplete-schedule",
    "What becomes of a schedule that names no hours, days or minutes?",
    ("never", "refuse"),
    "Nothing says that they are required, so the batch is made and its schedule never fires.",
)
UNKNOWN_DESTINATION = Assumption(
    "serpwow.unknown-destination",
    "Can a batch name a destination that does not exist?",
    ("accept", "refuse"),
    "The published example names one that nothing else speaks of.",
)
DELETED_DESTINATION = Assumption(
    "serpwow.deleted-destination",
    "Does a batch still name a destination that was deleted?",
    ("yes", "no"),
    "The page of the deletion speaks of the destination alone, and a batch can name one that does not exist.",
)
RATE_WINDOW = Assumption(
    "serpwow.rate-window",
    "Over which minute are calls counted?",
    ("fixed", "sliding"),
    "Only the number per minute is published; a window that begins with its first call is the simplest.",
)
PLATFORM_DOWN = Assumption(
    "serpwow.platform-down",
    "Which status does every call but Account get while the platform is down?",
    ("503", "500"),
    "503 is published for incidents, 500 for errors inside.",
)
INCIDENT_BODY = Assumption(
    "serpwow.incident-body",
    "Which body has a 503: a message and retry_after by themselves, or request_info, as other errors have?",
    ("message", "envelope"),
    "The page of the response codes names a message in the JSON object, and a copy of it shows one beside retry_after, without"
    " request_info.",
)
FAILED_STATUS = Assumption(
    "serpwow.failed-status",
    "Which status has an upload to a destination that failed?",
    ("failed", "error"),
    "For an upload only `ok` is printed; for a webhook the page of Delete Batch prints `failed`, too.",
)
WEBHOOK_UNSENT = Assumption(
    "serpwow.webhook-unsent",
    "What does a result set, or Resend Webhook, tell of a webhook whose POST was not made?",
    ("pending", "omitted"),
    "`ok` would claim a call that the receiver never saw; a status with a log is the form that the page prints.",
)
COLLECTED_WEBHOOK = Assumption(
    "serpwow.collected-webhook",
    "Does a webhook count as one whose receiver answered if nobody receives it, and it is only collected?",
    ("unsent", "ok"),
    "To say ok would claim a call that no receiver saw. A client that waits for ok can be tested so without a receiver.",
)
RESEND_URL = Assumption(
    "serpwow.resend-url",
    "Where does Resend Webhook, or a retry, post to if the webhook of the batch, or of the profile, is another by now?",
    ("original", "current"),
    "The page refuses a result set that did not originally have a webhook, so that each seems to keep its own; but the call is"
    " published for tests of a webhook, and one that was wrong is mended in the batch.",
)
WEBHOOK_RETRIES = Assumption(
    "serpwow.webhook-retries",
    "How often is a webhook posted that its receiver does not take?",
    ("6-posts", "5-posts", "none", "older-page"),
    "Published are up to five retries with exponential backoff, without intervals, and that a webhook is attempted up to five"
    " times. Here the first retry comes 10s after the failure, and each further one after twice the time. An older copy of the"
    " page has no retries, and lets a URL that did not answer in time rest for five minutes, for all batches: what falls into"
    " these is not posted.",
)
MISLABELLED_JSON = Assumption(
    "serpwow.mislabelled-json",
    "Is a JSON body read whose Content-Type names a form, a text or nothing?",
    ("read", "refuse"),
    "The vendor's own PHP sample posts JSON with curl's default type, which is that of a form.",
)
FORM_LISTS = Assumption(
    "serpwow.form-lists",
    "Which lists and objects are read in a form?",
    ("every-style", "comma-joined"),
    "The vendor's own PHP samples use http_build_query, which writes a list with indexes; the page joins one by commas.",
)
FLAG_WORDS = Assumption(
    "serpwow.flag-words",
    "Are True, False, 1 and 0 read where true or false is published, in a query too, and true and false as texts in JSON?",
    ("read", "refuse"),
    "The vendor's own PHP sample sends a flag through http_build_query, which makes 0 of false. For include_html, which pages"
    " print in queries, the words true and false are read as texts in any case.",
)
NULL_PARAMETER = Assumption(
    "serpwow.null-parameter",
    "What does null mean for a parameter that may be left out?",
    ("absent", "refuse"),
    "No page speaks of null, and clients send it for what they have no value for.",
)
REPEATED_PARAMETER = Assumption(
    "serpwow.repeated-parameter",
    "What becomes of a query that gives a single-valued parameter several different values, or, with refuse-any, equal ones?",
    ("refuse", "last", "refuse-any"),
    "400 is published for invalid requests, and one of several different values would be lost.",
)
REPEATED_NAME = Assumption(
    "serpwow.repeated-name",
    "What becomes of a JSON body in which an object has a name several times?",
    ("refuse", "last"),
    "No page speaks of it, and one of the values would be lost; most readers of JSON keep the last.",
)
UNREAD_BODY = Assumption(
    "serpwow.unread-body",
    "What becomes of a body that comes with a call that needs none, such as a GET?",
    ("ignored", "refuse"),
    "No page speaks of it, and most servers do not look at it.",
)
EMPTY_TEXT = Assumption(
    "serpwow.empty-text",
    "What does an empty text mean for a parameter that may be left out, such as a webhook, a priority or max_page of a search?",
    ("absent", "refuse"),
    "No page speaks of it; forms send it for what has no value. Other parameters of a search are kept as they come.",
)
TERM_WITHOUT_WORDS = Assumption(
    "serpwow.term-without-words",
    "What does a search_term with search_type=contains find that has no letter and no digit?",
    ("everything", "nothing"),
    "The page makes spaces of all that is not alphanumeric and looks for each word; such a term has none.",
)
FIXED_PAGE_SIZE = Assumption(
    "serpwow.fixed-page-size",
    "Do List Destinations and List Error Logs heed page_size?",
    ("no", "yes"),
    "It is published of List Batches; their own pages say that they list ten to a page, and do not name it.",
)

READING = {
    MISLABELLED_JSON: "serpwow-body-5",
    FORM_LISTS: "serpwow-body-4",
    FLAG_WORDS: "serpwow-body-3",
    NULL_PARAMETER: "serpwow-body-6",
    REPEATED_NAME: "serpwow-body-11",
    REPEATED_PARAMETER: "serpwow-query-1",
    UNREAD_BODY: "serpwow-body-9",
    EMPTY_TEXT: "serpwow-body-10",
    REPEATED_CUSTOM_ID: "serpwow-searches-19",
    TERM_WITHOUT_WORDS: "serpwow-list-20",
    FIXED_PAGE_SIZE: "serpwow-list-21",
    SEARCH_WITHOUT_Q: "serpwow-searches-16",
    DETECTED_TYPE: "serpwow-types-16",
}
"""The assumptions that decide how a request is read, each with its fact."""
