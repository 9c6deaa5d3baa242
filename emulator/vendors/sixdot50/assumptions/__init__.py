"""The assumptions by which 6DOT50 answers."""

from emulator.vendors.sixdot50.assumptions.batches import ABOUT_BATCHES
from emulator.vendors.sixdot50.assumptions.requests import ABOUT_REQUESTS

ASSUMPTIONS = ABOUT_BATCHES + ABOUT_REQUESTS
