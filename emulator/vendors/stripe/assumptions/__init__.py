"""Assumptions: choices where Stripe's publications are silent."""
