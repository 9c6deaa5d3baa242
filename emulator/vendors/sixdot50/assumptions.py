"""Where 6DOT50's publications are silent and a client can tell: the choices, ours, and why."""

from emulator.kernel.assumption import Assumption

SECOND_CANCEL = Assumption(
    "6dot50.second-cancel",
    "What does the cancel of a batch that is CANCELLED already answer?",
    ("400", "200"),
    "400",
    "Only a DRAFT can be cancelled, and a cancelled batch never changes again.",
)
EMPTY_CANCEL = Assumption(
    "6dot50.empty-cancel",
    "Can a batch without payments be cancelled?",
    ("200", "400"),
    "200",
    "Being in DRAFT is the only condition that is named.",
)
WRONG_STATE_STATUS = Assumption(
    "6dot50.wrong-state-status",
    "Which status does a cancel get when the batch is not in DRAFT?",
    ("400", "409"),
    "400",
    "Deleting a payment that is not in DRAFT is published as 400, and no 409 is published anywhere.",
)
ERROR_BODY = Assumption(
    "6dot50.error-body",
    "What is the body of a 400?",
    ("envelope", "message"),
    "envelope",
    "PAY promises a message of no given shape; the envelope of the same maker's Redemptions API holds one.",
)
NOT_FOUND_BODY = Assumption(
    "6dot50.not-found-body",
    "What is the body of a 404 for an id that nothing has?",
    ("envelope", "message"),
    "envelope",
    "None is published; the envelope helps a client that reads it and does not hurt one that looks at the status.",
)
MALFORMED_ID = Assumption(
    "6dot50.malformed-id",
    "Which status does an id get that is not a GUID?",
    ("400", "404"),
    "400",
    "A malformed type is published as an example of a failed validation.",
)
OTHER_ORGANISATION = Assumption(
    "6dot50.other-organisation",
    "Which status does the id of another organisation's batch get?",
    ("404", "403"),
    "404",
    "No 403 is published, and to a client what it may not see does not exist.",
)
WRONG_METHOD = Assumption(
    "6dot50.wrong-method",
    "Which status does a method get that the path does not have?",
    ("405", "404"),
    "405",
    "Nothing is published, and ASP.NET answers 405 with Allow before it looks at a token.",
)
FAILED_TOKEN_STATUS = Assumption(
    "6dot50.failed-token-status",
    "With which status does getToken refuse a key or a secret?",
    ("200", "401"),
    "200",
    "Failure is one of the published values of the ordinary reply; 401 is published for bearer tokens only.",
)
MISSING_CREDENTIAL = Assumption(
    "6dot50.missing-credential",
    "What does getToken answer when the key or the secret is missing?",
    ("400", "failure"),
    "400",
    "Both are published as mandatory, and a failed validation as 400.",
)
OLDER_TOKENS = Assumption(
    "6dot50.older-tokens",
    "What becomes of a key's older tokens when it gets a new one?",
    ("live", "die"),
    "live",
    "A token carries its own end, and nothing is said of revoking it.",
)
IS_MEMBER = Assumption(
    "6dot50.is-member",
    "When is isMember looked up?",
    ("kept", "live"),
    "kept",
    "It is there while a payment is in DRAFT, so it was looked up when the payment was added.",
)
REVERSED_MONEY = Assumption(
    "6dot50.reversed-money",
    "Which of an account's two balances does a reversed payment raise?",
    ("both", "balance"),
    "both",
    "The money is published as returned to the account, and nothing is said of holding it back.",
)
STORED_INSTANTS = Assumption(
    "6dot50.stored-instants",
    "How finely are instants kept?",
    ("rounded", "exact"),
    "rounded",
    "Every sample of a stored instant ends in a millisecond that SQL Server's datetime can hold: 0, 3 or 7.",
)
BAD_PAGING = Assumption(
    "6dot50.bad-paging",
    "What becomes of a skip or take that is not a whole number from 0?",
    ("400", "ignored"),
    "400",
    "A malformed type is published as an example of a failed validation.",
)
UNKNOWN_STATUS = Assumption(
    "6dot50.unknown-status",
    "What does a statusCode that no batch can have find?",
    ("nothing", "400"),
    "nothing",
    "An empty list is published for filters that nothing matches.",
)
STATUS_CASE = Assumption(
    "6dot50.status-case",
    "Does the case of the statusCode filter matter?",
    ("ignored", "minded"),
    "ignored",
    "SQL Server, which seems to hold the data, compares so by default.",
)

ASSUMPTIONS = (
    SECOND_CANCEL,
    EMPTY_CANCEL,
    WRONG_STATE_STATUS,
    ERROR_BODY,
    NOT_FOUND_BODY,
    MALFORMED_ID,
    OTHER_ORGANISATION,
    WRONG_METHOD,
    FAILED_TOKEN_STATUS,
    MISSING_CREDENTIAL,
    OLDER_TOKENS,
    IS_MEMBER,
    REVERSED_MONEY,
    STORED_INSTANTS,
    BAD_PAGING,
    UNKNOWN_STATUS,
    STATUS_CASE,
)
