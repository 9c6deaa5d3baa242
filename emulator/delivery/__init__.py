"""Notifications on their way out: what is under way, where it may go, and the POST that takes it there."""
