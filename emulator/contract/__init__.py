"""Fixtures read as data: evidence, wordings, schemas, and the validator of responses."""
