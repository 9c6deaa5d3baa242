"""Responses of 6DOT50: renderers, refusals, the facts that answers cite, and advice."""
