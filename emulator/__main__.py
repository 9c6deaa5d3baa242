"""`python -m emulator` does what `batch-emulator` does, and goes by its own name in messages."""

from emulator.cli.main import main

main(prog_name="python -m emulator")
