"""Assumptions: choices where Stripe's publications are silent."""

from emulator.sdk import Assumption
from emulator.vendors.stripe.assumptions import events, jobs, requests

ASSUMPTIONS = tuple(
    value for module in (jobs, events, requests) for value in vars(module).values() if isinstance(value, Assumption)
)
"""Every assumption of these modules, in the order in which they stand there."""
