"""`python -m emulator` is `batch-emulator`."""

from emulator.cli import main

main(prog_name="batch-emulator")
