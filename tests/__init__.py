"""The tests: sentences about what the emulator does."""
