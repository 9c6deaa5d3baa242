"""The values that SerpWow keeps in a world."""
