"""Assumptions about jobs, files, events and destinations."""

from __future__ import annotations

from emulator.sdk import Assumption

CANCEL_READY = Assumption(
    "stripe.cancel-in-ready-for-upload",
    "Can a job be canceled before its file was uploaded?",
    ("200", "400"),
    "Any job that is not completed yet may be canceled, and this one is not.",
)
CANCEL_TWICE = Assumption(
    "stripe.cancel-while-cancelling",
    "What does a second cancel hear while the first is still being carried out?",
    ("200", "400"),
    "A cancel of a canceled job succeeds, so it would be odd if one in between did not.",
)
CANCEL_COMPLETE = Assumption(
    "stripe.cancel-when-complete",
    "What does a cancel of a complete job hear?",
    ("400", "200"),
    "Only jobs that are not completed may be canceled, and one error is published for those that may not.",
)
CANCEL_FAILED = Assumption(
    "stripe.cancel-when-failed",
    "What does a cancel hear of a job that failed its validation, failed as a whole, or ran out of time?",
    ("400", "200"),
    "Nothing is left to cancel, and a canceled job is the only one of which it is said that the call succeeds again.",
)
ROWS_IN_FLIGHT = Assumption(
    "stripe.rows-in-flight",
    "Which rows does a job still finish while it is cancelling?",
    ("none", "until-canceled"),
    "The guide says that requests in flight finish, but not how many are: here a row takes no time, so that none is under way."
    " Else rows go on at the job's pace until it is canceled.",
)
CANCEL_PARAMETERS = Assumption(
    "stripe.cancel-with-parameters",
    "What becomes of a cancel with fields in its body, though it has no parameters?",
    ("refuse", "ignore"),
    "The second version of the API has an error of its own for fields that are not right.",
)
WITHOUT_OUTPUT = Assumption(
    "stripe.canceled-without-output",
    "What stands for the results of a canceled job of which no row was processed?",
    ("omit", "empty"),
    "The description says that the file may be missing, although the schema lists it as required.",
)
UPLOAD_TIMEOUT_DETAILS = Assumption(
    "stripe.upload-timeout-details",
    "What are the status_details of a job that waited in vain for its file?",
    ("empty", "omit"),
    "There is no type for them, just as for a job that is cancelling, whose details are shown empty.",
)
LIVEMODE = Assumption(
    "stripe.livemode",
    "Does a job say whether it is in live mode?",
    ("emit", "omit"),
    "The schema requires it; every sample leaves it out, as samples do.",
)
NEWER_RPS = Assumption(
    "stripe.rps-of-newer-jobs",
    "Which maximum_rps does a version that has it show of a job that was made in one that has it not?",
    ("pace", "omit"),
    "The schema of those versions requires it; no page says what stands there for a job that was made without.",
)
VERSION_UNKNOWN = Assumption(
    "stripe.version-unknown",
    "What becomes of a request for a version that is not known to have what it asks for?",
    ("lenient", "strict", "any"),
    "New previews appear every month, and few changed what these calls do: one that is newer than all that are known is taken"
    " for the newest, another for the last before it. The word preview, which a page about the second API sends, is the newest;"
    " else what is not a date and a name is no version at all.",
)
VERSION_WITHOUT_JOBS = Assumption(
    "stripe.version-without-jobs",
    "What does a request about batch jobs hear whose version has none: one that is no preview, or is older than 2026-03-25?",
    ("404", "accept"),
    "Batch jobs came with 2026-03-25.preview, and no version for everybody, such as 2026-10-28.endive, has them. Users report"
    " this 404 of another operation of the second API that previews alone had. Accepted, a version has the jobs of the previews"
    " of its time, and one that is older those of the first, as far as stripe.version-unknown lets it through.",
    ("no_such_method",),
)
IDEMPOTENT_ID = Assumption(
    "stripe.idempotency-path-id",
    "Is the id in the path among the parameters that must be the same when an idempotency key is used again?",
    ("counts", "ignored"),
    "A key that canceled one job and is then sent for another is a mistake of the client's.",
)
IDEMPOTENCY_TYPE = Assumption(
    "stripe.idempotency-error-type",
    "Does the refusal of a key used for something else carry a type?",
    ("omit", "emit"),
    "The published schema of this error has a code and a message and no type, and a user who met it reports the error that"
    " clients raise for want of a type. By the type alone they raise the one that they have for it.",
)

ENDPOINTS = Assumption(
    "stripe.endpoints",
    "Which endpoints may a job call?",
    ("by-version", "any-version"),
    "Each preview's clients know a list of paths, and there is an error for a path outside of it. Pages name others: the"
    " changelog of 2026-03-25 speaks of creating customers, which no list of that version has. An older copy of the guide"
    " has a short list of its own, without /v1/credit_notes, which the clients list; the newest refers to a page of supported"
    " endpoints, https://docs.stripe.com/batch-api/supported-endpoints, whose list is not known here and may have more.",
)
CHANNEL = Assumption(
    "stripe.channel",
    "Which channel of previews does the account have, so that its jobs may call what that channel lists?",
    ("public", "private"),
    "Everybody may have the public previews (betas); the private ones (alphas), which list far more, are by invitation.",
)
REQUIRED_FIELDS = Assumption(
    "stripe.create-required-fields",
    "Must a new job say whether it skips validation?",
    ("guide", "reference"),
    "The reference requires it, but the guide names a default.",
)
REQUIRED_METADATA = Assumption(
    "stripe.create-metadata",
    "Must a new job have metadata, in versions before 2026-06-24?",
    ("optional", "required"),
    "The guide, https://docs.stripe.com/batch-api/create, prints a create of 2026-03-25.preview without metadata, which should"
    " work as printed, and its table says that they are not required. The changelog of 2026-06-24,"
    " https://docs.stripe.com/changelog/dahlia/2026-06-24/batch-job-creation-optional-metadata, says that every create had to"
    " have them until then, as the reference has it, but not what became of one that had none.",
)
CONTENT_TYPE = Assumption(
    "stripe.upload-content-type",
    "Which content types may an uploaded file have?",
    ("samples", "octet-stream", "any"),
    "The text accepts application/octet-stream alone, but the published command line sends application/jsonlines. No page"
    " speaks of an upload that names no type: it is taken too.",
)
LINK_REFUSED = Assumption(
    "stripe.link-refused",
    "What does a link answer that has expired, was used before, or leads nowhere, or that gets a file of a wrong content type?",
    ("403", "404"),
    "Stores with presigned links refuse them so; the page that rejects other content types gives no status.",
    ("link_refused",),
)
LINK_LIFE = Assumption(
    "stripe.download-link-life",
    "From when on does the hour count that a download link lives?",
    ("from-retrieve", "from-creation"),
    "Every sample has 70 minutes after creation, when the link of a job that takes 24 hours would be long dead. Counted from"
    " there, a link lives for an hour after the end of its job at least, as that of a sample does if its job took ten minutes.",
)
INVALID_COUNT = Assumption(
    "stripe.validation-failed-count",
    "How many rows does a job whose validation failed count as failed?",
    ("1", "0"),
    "The schema requires both counts, and validation gives up at the first row that is wrong; but no row was processed.",
)
INVALID_ERROR = Assumption(
    "stripe.validation-failed-error",
    "Do the details of a job whose validation failed say what was wrong?",
    ("omit", "error"),
    "The guide promises details about the first error, but the reference has no field for them; error stands there as in the"
    " details of a job that is batch_failed.",
)
JOB_METADATA = Assumption(
    "stripe.job-without-metadata",
    "What shows a job that has no metadata?",
    ("empty", "omit"),
    "The schema requires the field, and the reference's samples have it empty; those of the guide leave it out.",
)
EMPTY_FILE = Assumption(
    "stripe.empty-file",
    "How does the validation of a file without requests end?",
    ("invalid", "complete"),
    "A batch of nothing is more likely a mistake than a wish. A job that skips validation completes with no rows all the same.",
)
ROW_WITHOUT_ID = Assumption(
    "stripe.row-without-id",
    "What stands for the id in the result of a row that has none?",
    ("null", "line-number"),
    "There is no id to repeat, and null says so. The number of a line does not count the lines before it that are blank.",
)
OTHER_ROW_KEYS = Assumption(
    "stripe.other-row-keys",
    "What becomes of a row that has a key besides id, path_params, params, context and stripe_version?",
    ("ignore", "refuse"),
    "The guide lists the keys of a row, and says that validation finds malformed parameters, but not that it finds other keys.",
)
RESULTS_EXPIRED = Assumption(
    "stripe.results-expired",
    "Does a job still show its output_file when its results are no longer kept?",
    ("show", "omit"),
    "The schema requires it; its link has expired with the results, and is refused.",
)
UPDATED_EVENTS = Assumption(
    "stripe.updated-events",
    "Does an updated event tell that a job is in progress, or cancelling, and of its progress?",
    ("emit", "omit"),
    "The type tells of a changed status or progress, and these two statuses have no type of their own.",
)
PROGRESS_EVENTS = Assumption(
    "stripe.progress-events",
    "How often does an updated event tell of the progress of a job?",
    ("quarters", "never"),
    "The guide says that one comes when progress changed, but not how often: after each row would be far too often.",
)
EVENT_CHANGES = Assumption(
    "stripe.event-changes",
    "What are the changes of an event that tracks none?",
    ("null", "empty"),
    "The schema says that they are always null, although a sample shows an empty object.",
)
EVENT_METADATA = Assumption(
    "stripe.event-metadata",
    "Where does an event have the metadata of its job?",
    ("omit", "data"),
    "The guide promises it, but the schema has no place for it.",
)
RATE_LIMIT_TYPE = Assumption(
    "stripe.rate-limit-type",
    "Does the refusal of too many requests carry a type?",
    ("emit", "omit"),
    "It is one of the few families of errors for which clients know a type.",
)
LIST_ORDER = Assumption(
    "stripe.list-order",
    "In which order are events and destinations listed?",
    ("newest", "oldest"),
    "Every list of the first API begins with what is newest.",
    ("events", "destinations"),
)
PAGE_SIZE = Assumption(
    "stripe.page-size",
    "How many items has a page of events or destinations where the request gives no limit?",
    ("20", "10"),
    "Of the other lists of the second API, those whose default is published have 20, and a few 10.",
)
LARGE_LIMIT = Assumption(
    "stripe.limit-beyond-100",
    "What becomes of a list's limit that is greater than 100?",
    ("refuse", "cap"),
    "No page prints a bound of these lists. Of others of the second API, clients of private previews have bounds from 20 to"
    " 1,000; lists of the first have at most 100, and refuse more.",
)
TOO_MANY_DESTINATIONS = Assumption(
    "stripe.too-many-destinations",
    "What becomes of the create of an event destination where the account has 16, which is all that it may have?",
    ("400", "allow"),
    "The number is published, but no error of its own for those beyond it.",
)
OTHER_ACCOUNT = Assumption(
    "stripe.other-account",
    "What does a key hear of a job or a destination that belongs to another account?",
    ("unknown", "403"),
    "An id that is not the account's own should look like one that was never given out.",
)
PING_REASON = Assumption(
    "stripe.ping-reason",
    "Does the reason of a ping name the request that asked for it?",
    ("request", "null"),
    "The page and the schema of this event have it; the sample of the call that sends a ping, which is older, has none.",
)
PING_FORM = Assumption(
    "stripe.ping-form",
    "What have the data and the changes of a ping in them?",
    ("event", "printed"),
    "The page and the schema of this event require changes, and data that are an object, as the events of jobs have them; the"
    " sample of the call that sends a ping has null for its data and no changes.",
)
PING_OBJECT = Assumption(
    "stripe.ping-related-type",
    "Which type does a ping name as that of its related object?",
    ("v2.core.event_destination", "event_destination"),
    "The page of all types of events, that of these events and their schema have the long one; the sample of the call that"
    " sends a ping has the short one.",
)
PAGE_FILTERS = Assumption(
    "stripe.page-filters",
    "What becomes of the request for another page of a list whose filters are not those of the first request?",
    ("refuse", "apply"),
    "Filters are published not to change after the first request, but no page says what happens if they do.",
)
