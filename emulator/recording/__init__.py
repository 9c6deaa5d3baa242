"""Recordings: what a client did, in a world or in a file of its traffic, as a scenario that plays."""
