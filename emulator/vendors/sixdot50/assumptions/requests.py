"""Assumptions about requests, refusals and the form of responses, where 6DOT50's publications are silent."""

from __future__ import annotations

from emulator.sdk import Assumption

WRONG_STATE_STATUS = Assumption(
    "6dot50.wrong-state-status",
    "Which status does a change, a submit or a cancel of a batch get that is not in DRAFT?",
    ("400", "409"),
    "Deleting a payment that is not in DRAFT is published as 400, and no 409 is published anywhere.",
    decides=("not_draft",),
)
ERROR_BODY = Assumption(
    "6dot50.error-body",
    "What is the body of a 400, 403, 409, 415 or 500, and of a 405 that has one?",
    ("envelope", "message"),
    "PAY promises a message of no given shape; the envelope of the same maker's Redemptions API holds one.",
    decides=("invalid", "unreadable", "broken"),
)
NOT_FOUND_BODY = Assumption(
    "6dot50.not-found-body",
    "What is the body of a 404 for an id that nothing has?",
    ("envelope", "message"),
    "None is published; the envelope helps a client that reads it and does not hurt one that looks at the status.",
    decides=("unknown_batch", "unknown_payment"),
)
BODILESS = Assumption(
    "6dot50.bodiless-refusals",
    "What is the body of a 401, and of the refusal of a path or a method that there is not?",
    ("none", "envelope"),
    "None is published; ASP.NET refuses all of these before the code runs that makes the envelope.",
    decides=("no_token", "bad_token", "astray"),
)
MALFORMED_ID = Assumption(
    "6dot50.malformed-id",
    "Which status does an id get that is not a GUID?",
    ("400", "404"),
    "A malformed type is published as an example of a failed validation.",
    decides=("malformed_id",),
)
OTHER_ORGANISATION = Assumption(
    "6dot50.other-organisation",
    "Which status does the id of another organisation's batch, or of one of its payments, get?",
    ("404", "403"),
    "No 403 is published, and to a client what it may not see does not exist.",
)
WRONG_METHOD = Assumption(
    "6dot50.wrong-method",
    "Which status does a method get that the path does not have?",
    ("405", "404"),
    "Nothing is published, and ASP.NET answers 405 with Allow before it looks at a token.",
)
SINGULAR_PATH = Assumption(
    "6dot50.singular-path",
    "What gets a path with batch in the singular, as the prose of some pages writes three of them?",
    ("404", "served"),
    "Titles and most of the prose have batches; a client that cancels by a path that may not exist learns it here.",
)
FAILED_TOKEN_STATUS = Assumption(
    "6dot50.failed-token-status",
    "With which status does getToken refuse a key or a secret?",
    ("200", "401"),
    "Failure is one of the published values of the ordinary reply; 401 is published for bearer tokens only.",
)
MISSING_CREDENTIAL = Assumption(
    "6dot50.missing-credential",
    "What does getToken answer when the key or the secret is missing?",
    ("400", "failure"),
    "Both are published as mandatory, and a failed validation as 400.",
)
OLDER_TOKENS = Assumption(
    "6dot50.older-tokens",
    "What becomes of a key's older tokens when it gets a new one?",
    ("live", "die"),
    "A token carries its own end, and nothing is said of revoking it.",
)
REVOKED_KEY = Assumption(
    "6dot50.revoked-key",
    "What becomes of the tokens that a key got before it was revoked?",
    ("die", "live"),
    "Who revokes a key means that nobody acts for it any more; a token that carries its own end might live on to it.",
)
STORED_INSTANTS = Assumption(
    "6dot50.stored-instants",
    "How finely are stored instants shown?",
    ("rounded", "exact"),
    "Every sample of a reply that reads has instants that end in a millisecond that SQL Server's datetime can hold: 0, 3 or 7."
    " Lists go by the exact instants all the same.",
)
BAD_PAGING = Assumption(
    "6dot50.bad-paging",
    "What becomes of a skip or take that is not a whole number from 0 to 2147483647?",
    ("400", "ignored"),
    "A malformed type is published as an example of a failed validation; an empty text is no number either.",
)
REPEATED_PARAMETER = Assumption(
    "6dot50.repeated-parameter",
    "What becomes of a query that gives a parameter of the list several different values, or, with 400-any, equal ones?",
    ("400", "first", "400-any"),
    "No page speaks of it, and one of the values would be lost; ASP.NET takes the first.",
)
SKIP_ALONE = Assumption(
    "6dot50.skip-alone",
    "How many batches does a list hold at most where there is a skip and no take?",
    ("1000", "all"),
    "1000 is published for a list where skip/take is not supplied, which may mean both or either of them.",
)
TAKE_ALONE = Assumption(
    "6dot50.take-alone",
    "How many batches does a list hold at most where there is a take and no skip?",
    ("all", "1000"),
    "1000 is published for a list where skip/take is not supplied; a client that asks for more has supplied one of them.",
)
EMPTY_FILTER = Assumption(
    "6dot50.empty-filter",
    "What does a statusCode or externalId find that is an empty text?",
    ("everything", "nothing"),
    "ASP.NET takes an empty text in a query for none, and a filter that is not there narrows nothing.",
)
TAKE_NOTHING = Assumption(
    "6dot50.take-nothing",
    "What does a take of 0 list?",
    ("nothing", "everything", "400"),
    "take is how many batches are wanted, and no page gives 0 another meaning.",
)
UNKNOWN_STATUS = Assumption(
    "6dot50.unknown-status",
    "What does a statusCode that no batch can have find?",
    ("nothing", "400"),
    "An empty list is published for filters that nothing matches.",
)
STATUS_CASE = Assumption(
    "6dot50.status-case",
    "Does the case of the statusCode filter matter?",
    ("ignored", "minded"),
    "SQL Server, which seems to hold the data, compares so by default.",
)
CHECK_ORDER = Assumption(
    "6dot50.check-order",
    "What is looked at first where the body is bad and the batch is unknown or not in DRAFT: the form of the body, all of the"
    " body with whether an externalId is taken, or the batch?",
    ("form", "body", "batch"),
    "ASP.NET binds and validates a body before the action begins that looks for the batch and for what is there already.",
)
ERROR_INDEX = Assumption(
    "6dot50.error-index",
    "What does the index of a validation error count?",
    ("errors", "payments"),
    "It is published to be a number that grows with each error of the list; where it begins is not, and an index begins at 0.",
)
WRONG_TYPE = Assumption(
    "6dot50.wrong-type",
    "Which error code does a body get that is JSON and in which a field has another type than is published?",
    ("2", "1"),
    "2 is published for a payload that cannot be parsed, as one of another type cannot be; but a malformed type is also an"
    " example of a failed validation, which is 1.",
)
OTHER_MEDIA_TYPE = Assumption(
    "6dot50.other-media-type",
    "What becomes of a body that is sent as another media type than application/json?",
    ("read", "400", "415"),
    "All requests are published to be application/json, but nothing is of those that are not; curl -d alone names a form.",
)
MISSING_MEDIA_TYPE = Assumption(
    "6dot50.missing-media-type",
    "What becomes of a body that is sent without a Content-Type?",
    ("read", "refuse"),
    "Nothing is published of it, and such a body does not claim to be anything but the JSON that is published. It is refused"
    " with 400, or with 415 where `6dot50.other-media-type` is 415.",
)
REPEATED_NAME = Assumption(
    "6dot50.repeated-name",
    "What becomes of a body in which an object has a name several times, be it in other capitals?",
    ("400", "last"),
    "No page speaks of it, and one of the values would be lost; ASP.NET keeps the last.",
)
CREATED_STATUS = Assumption(
    "6dot50.created-status",
    "Which status does the creation of a batch get?",
    ("200", "201"),
    "The page of statuses lists 200 as the only success.",
)
EXISTS_BODY = Assumption(
    "6dot50.exists-body",
    "How does it say whether there is a member of a number?",
    ("object", "boolean"),
    "No page that can be read shows a body; every other reply is an object or a list of them.",
)
MSISDN_FORM = Assumption(
    "6dot50.msisdn-form",
    "May a plus stand before a mobile number?",
    ("no", "dropped"),
    "International dialing format is published, and every sample of it is digits alone.",
)
MALFORMED_MSISDN = Assumption(
    "6dot50.malformed-msisdn",
    "What does the question for a member get whose number is not one?",
    ("400", "unknown"),
    "A malformed type is published as an example of a failed validation.",
)
WRITTEN_SUMMARY = Assumption(
    "6dot50.written-summary",
    "Do the replies to creating and updating a batch hold its summary?",
    ("left-out", "shown"),
    "Both published models lack it, and those of reading and cancelling have it.",
)
WRITTEN_INSTANTS = Assumption(
    "6dot50.written-instants",
    "How do the replies to creating and updating a batch write its createdAt?",
    ("utc", "stored", "ticks"),
    "The sample of an update has a Z and seven decimals, unlike every sample of a reply that reads. A world's clock has six at"
    " most; with ticks there is a seventh, a 5, so that what reads six alone is found out.",
)
DELETED_FIELDS = Assumption(
    "6dot50.deleted-fields",
    "Does the reply to a deletion show an externalId and a referral that the payment had?",
    ("left-out", "shown"),
    "The page's own model and sample have no place for them, though the payment's standard model has.",
)
ABSENT_VALUES = Assumption(
    "6dot50.absent-values",
    "What stands for a value that a batch or a payment was not given?",
    ("left-out", "null"),
    "The models list every field; the sample of a cancelled batch leaves one out, and none has null.",
)
FRACTIONS = Assumption(
    "6dot50.fractions",
    "How is an amount or a balance written that ends with tenths, such as 18500.5?",
    ("shortest", "two-decimals"),
    "Every sample of an amount is whole and has no decimals, so that idle zeroes seem to be left out.",
)
BALANCE_TYPE = Assumption(
    "6dot50.balance-type",
    "Are balances JSON numbers or strings?",
    ("number", "string"),
    "The page's table says string and its sample shows numbers; a sample is likelier to be a copy of a reply.",
)
