"""The model of files: rows, outcomes and links."""
