"""Event destinations: where events are sent."""
