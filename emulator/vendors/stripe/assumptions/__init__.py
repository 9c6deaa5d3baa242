"""Assumptions: choices where Stripe's publications are silent."""

from emulator.sdk import Assumption
from emulator.vendors.stripe.assumptions import events, jobs, requests

ASSUMPTIONS = tuple(it for module in (jobs, events, requests) for it in vars(module).values() if isinstance(it, Assumption))
"""Every assumption of these modules, in the order in which they stand there."""
