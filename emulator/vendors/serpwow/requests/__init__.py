"""Reading of requests: admission, queries, bodies and forms, and the validation of their values."""
