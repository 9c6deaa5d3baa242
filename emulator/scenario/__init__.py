"""Scenario files: read strictly, turned into worlds, and played."""
