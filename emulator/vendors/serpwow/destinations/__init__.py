"""Destinations: buckets of the client's own, to which result sets are uploaded."""
