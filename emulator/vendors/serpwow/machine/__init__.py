"""The rows of batches and the account, with their timers, guards and effects."""
