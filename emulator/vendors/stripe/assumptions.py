"""Where Stripe's publications are silent: the choices, ours, and why."""

from emulator.kernel.assumption import Assumption

CANCEL_READY = Assumption(
    "stripe.cancel-in-ready-for-upload",
    "Can a job be canceled before its file was uploaded?",
    ("200", "400"),
    "200",
    "Any job that is not completed yet may be canceled, and this one is not.",
)
CANCEL_TWICE = Assumption(
    "stripe.cancel-while-cancelling",
    "What does a second cancel hear while the first is still being carried out?",
    ("200", "400"),
    "200",
    "A cancel of a canceled job succeeds, so it would be odd if one in between did not.",
)
CANCEL_COMPLETE = Assumption(
    "stripe.cancel-when-complete",
    "What does a cancel of a complete job hear?",
    ("400", "200"),
    "400",
    "Only jobs that are not completed may be canceled, and one error is published for those that may not.",
)
CANCEL_FAILED = Assumption(
    "stripe.cancel-when-failed",
    "What does a cancel hear of a job that failed its validation, failed as a whole, or ran out of time?",
    ("400", "200"),
    "400",
    "Nothing is left to cancel, and a canceled job is the only one of which it is said that the call succeeds again.",
)
CANCEL_PARAMETERS = Assumption(
    "stripe.cancel-with-parameters",
    "What becomes of a cancel with fields in its body, though it has no parameters?",
    ("refuse", "ignore"),
    "refuse",
    "The second version of the API has an error of its own for fields that are not right.",
)
WITHOUT_OUTPUT = Assumption(
    "stripe.canceled-without-output",
    "What stands for the results of a canceled job of which no row was processed?",
    ("omit", "empty"),
    "omit",
    "The description says that the file may be missing, although the schema lists it as required.",
)
UPLOAD_TIMEOUT_DETAILS = Assumption(
    "stripe.upload-timeout-details",
    "What are the status_details of a job that waited in vain for its file?",
    ("empty", "omit"),
    "empty",
    "There is no type for them, just as for a job that is cancelling, whose details are shown empty.",
)
LIVEMODE = Assumption(
    "stripe.livemode",
    "Does a job say whether it is in live mode?",
    ("emit", "omit"),
    "emit",
    "The schema requires it; every sample leaves it out, as samples do.",
)
VERSION_UNKNOWN = Assumption(
    "stripe.version-unknown",
    "What becomes of a request for a version that is not among the known previews?",
    ("lenient", "strict"),
    "lenient",
    "New previews appear every month, and none of them changed what these calls do.",
)
IDEMPOTENT_ID = Assumption(
    "stripe.idempotency-path-id",
    "Is the id in the path among the parameters that must be the same when an idempotency key is used again?",
    ("counts", "ignored"),
    "counts",
    "A key that canceled one job and is then sent for another is a mistake of the client's.",
)
IDEMPOTENCY_TYPE = Assumption(
    "stripe.idempotency-error-type",
    "Does the refusal of a key used for something else carry a type?",
    ("emit", "omit"),
    "emit",
    "It is one of the few families of errors for which clients know a type.",
)

ASSUMPTIONS = (
    CANCEL_READY,
    CANCEL_TWICE,
    CANCEL_COMPLETE,
    CANCEL_FAILED,
    CANCEL_PARAMETERS,
    WITHOUT_OUTPUT,
    UPLOAD_TIMEOUT_DETAILS,
    LIVEMODE,
    VERSION_UNKNOWN,
    IDEMPOTENT_ID,
    IDEMPOTENCY_TYPE,
)
