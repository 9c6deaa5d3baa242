"""The choices that a scenario can switch where SerpWow's pages are silent and a client could see the difference."""

from emulator.sdk import assumptions_in
from emulator.vendors.serpwow.assumptions import answers, lifecycle, requests, searches

ASSUMPTIONS = assumptions_in(lifecycle, requests, searches, answers)
