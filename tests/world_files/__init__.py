"""Worlds as files: what they keep, what they refuse, and that they are read for ever."""
