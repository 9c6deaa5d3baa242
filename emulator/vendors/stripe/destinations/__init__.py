"""Event destinations: the receivers of events."""
