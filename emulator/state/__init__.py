"""The state of a world as values: differences between two moments, and comparison with what a scenario expects."""
