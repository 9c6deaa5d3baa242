"""The choices where Acme's pages are silent."""

from emulator.sdk import Assumption

SECOND_CANCEL = Assumption(
    "acme.second-cancel",
    "What does the cancel of a canceled batch answer?",
    ("200", "409"),
    "A client that lost the answer tries again, and finds what it wanted.",
)
