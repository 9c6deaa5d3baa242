"""Assumptions about batches, payments and money, where 6DOT50's publications are silent."""

from __future__ import annotations

from emulator.sdk import Assumption

SECOND_CANCEL = Assumption(
    "6dot50.second-cancel",
    "What does the cancel of a batch that is CANCELLED already answer?",
    ("400", "200"),
    "Only a DRAFT can be cancelled, and a cancelled batch is published as immutable.",
)
EMPTY_CANCEL = Assumption(
    "6dot50.empty-cancel",
    "Can a batch without payments be cancelled?",
    ("200", "400"),
    "Being in DRAFT is the only condition that is named.",
)
IS_MEMBER = Assumption(
    "6dot50.is-member",
    "When is isMember looked up?",
    ("kept", "live"),
    "It is there while a payment is in DRAFT, so it was looked up when the payment was added.",
)
REVERSED_MONEY = Assumption(
    "6dot50.reversed-money",
    "Which of an account's two balances does a reversed payment raise?",
    ("both", "balance"),
    "The money is published as returned to the account, and nothing is said of holding it back.",
)
BLANK_NAME = Assumption(
    "6dot50.blank-name",
    "May the name of a batch be blank?",
    ("400", "accepted"),
    "The name of a new batch is mandatory, and ASP.NET takes a blank mandatory text for a missing one; so it is in an update.",
)
EMPTY_UPDATE = Assumption(
    "6dot50.empty-update",
    "What becomes of an update that names nothing to change?",
    ("200", "400"),
    "Both of its fields are published as optional.",
)
NULL_EXTERNAL_ID = Assumption(
    "6dot50.null-external-id",
    "What does an update do whose externalId is null?",
    ("kept", "cleared"),
    "Only what changes is to be sent, and no way to take an externalId away is published.",
)
EMPTY_EXTERNAL_ID = Assumption(
    "6dot50.empty-external-id",
    "What becomes of an externalId that is an empty text?",
    ("400", "absent"),
    "It names nothing, and to take it as if it had not been sent would change nothing without a word.",
)
BATCH_EXTERNAL_IDS = Assumption(
    "6dot50.batch-external-ids",
    "Among which batches is an externalId unique: all of the organisation, those not cancelled, or all of everybody?",
    ("all", "living", "everywhere"),
    "It is published as unique across batches, without an exception for cancelled ones; a client sees those of its own.",
)
PAYMENT_EXTERNAL_IDS = Assumption(
    "6dot50.payment-external-ids",
    "Among which payments is an externalId unique?",
    ("organisation", "batch"),
    "It is published as unique, and nothing narrows that to a batch.",
)
EXTERNAL_ID_CASE = Assumption(
    "6dot50.external-id-case",
    "Does case tell two externalIds apart?",
    ("minded", "ignored"),
    "It is the client's own text, and taking two of them for one would refuse what the client thinks unique.",
)
MISSING_CLEAR_EXISTING = Assumption(
    "6dot50.missing-clear-existing",
    "What does adding payments do without clearExisting?",
    ("400", "append"),
    "It is published as mandatory.",
)
NO_PAYMENTS = Assumption(
    "6dot50.no-payments",
    "May the list of payments to add be empty?",
    ("400", "accepted"),
    "A list of one or more is published.",
)
ZERO_AMOUNT = Assumption(
    "6dot50.zero-amount",
    "May an amount be 0?",
    ("400", "accepted"),
    "Nothing is published, and a payment of nothing pays nobody.",
)
EXTRA_DECIMALS = Assumption(
    "6dot50.extra-decimals",
    "What becomes of an amount with more than two decimals?",
    ("400", "rounded"),
    "Up to two are published; to pay another amount than was asked for would be worse than to refuse. Half a cent is rounded to"
    " the even one, as .NET does, and what comes to nothing is an amount of 0.",
)
ADDED_BODY = Assumption(
    "6dot50.added-body",
    "What does the reply to adding payments hold?",
    ("batch-and-payments", "batch", "payments", "added"),
    "The process flow promises a summary of what was added, and no readable page shows a body; so looks that of a submit,"
    " which is about all that the batch has. With `added` it is about the new payments alone.",
)
EMPTY_SUBMIT = Assumption(
    "6dot50.empty-submit",
    "Can a batch without payments be submitted?",
    ("400", "200"),
    "A batch is published to hold one or more payments; one that closes at once would have paid nobody.",
    decides=("nothing_to_submit",),
)
INSUFFICIENT_FUNDS_STATUS = Assumption(
    "6dot50.small-float-status",
    "Which status does a submit get when no account can pay for it?",
    ("400", "409"),
    "An error is published without its status, and 400 is the only one published that fits.",
    decides=("no_purse", "small_float"),
)
PAYING_ACCOUNT = Assumption(
    "6dot50.paying-account",
    "Which account pays when there are several, or a single one in another currency than DZAR?",
    ("default", "first"),
    "A batch names no account, and every organisation has one in DZAR by default; with `default` no other account ever pays.",
)
SUBMITTED_MONEY = Assumption(
    "6dot50.submitted-money",
    "Which of an account's two balances does a submit lower?",
    ("both", "held"),
    "What is pending is published to lie in another account until then; nothing says that the balance still counts it.",
)
REFERRAL_MONEY = Assumption(
    "6dot50.referral-money",
    "Does the account that pays for a payment pay for its referral too?",
    ("debited", "apart"),
    "Referrals are totalled beside the payments, and no other purse is published.",
)
CANCELLED_REFERRALS = Assumption(
    "6dot50.cancelled-referrals",
    "Does the cancelled amount count referrals?",
    ("apart", "included"),
    "Referrals have a total of their own, so the others are likely to be without them.",
)
SUMMED_REFERRALS = Assumption(
    "6dot50.summed-referrals",
    "Do the amounts of all payments and of the settled ones count referrals?",
    ("apart", "included"),
    "Referrals have a total of their own, so the others are likely to be without them.",
)
REVERSED_PAYMENTS = Assumption(
    "6dot50.reversed-payments",
    "Do the totals of a batch's payments and referrals still count a payment that was reversed?",
    ("counted", "left-out"),
    "The sample of a cancel counts what was cancelled; but a page takes all that is not settled for pending.",
)
LONE_REFERRAL = Assumption(
    "6dot50.lone-referral",
    "What becomes of a payment that has a referralAmount and no referralMsisdn?",
    ("accepted", "400"),
    "Both are published as optional, and neither as needing the other.",
)
