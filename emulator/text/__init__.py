"""Text from outside: the nearest known words, escaping for terminals and logs, and redaction of secrets."""
