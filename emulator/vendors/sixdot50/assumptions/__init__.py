"""The assumptions by which 6DOT50 answers."""

from emulator.sdk import assumptions_in
from emulator.vendors.sixdot50.assumptions import batches, requests

ASSUMPTIONS = assumptions_in(batches, requests)
