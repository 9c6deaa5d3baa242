"""Requests to 6DOT50: credentials, admission, bodies, queries and their validation."""
