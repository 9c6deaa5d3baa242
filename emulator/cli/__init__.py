"""The command `batch-emulator`: serve, play, check, list, explain, explore and the rest."""
