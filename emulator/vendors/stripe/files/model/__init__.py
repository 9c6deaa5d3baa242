"""The model of files: rows, outcomes, links and patterns of ids."""
