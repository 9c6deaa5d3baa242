"""Assumptions: choices where Stripe's publications are silent."""

from emulator.sdk import assumptions_in
from emulator.vendors.stripe.assumptions import events, jobs, requests

ASSUMPTIONS = assumptions_in(jobs, events, requests)
