"""The only code that knows HTTP: the data plane, on which the vendors answer, and the control plane below /_emulator."""
