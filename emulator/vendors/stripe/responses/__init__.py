"""Responses: renderers, headers, and the facts that an answer cites."""
