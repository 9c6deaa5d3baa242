"""Requests: who may send them, and how their queries, bodies and keys are read."""
