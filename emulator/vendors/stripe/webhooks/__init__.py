"""Webhooks: thin events on their way to event destinations."""
