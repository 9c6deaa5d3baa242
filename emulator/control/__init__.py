"""The control plane, below /_emulator: one table of routes, each declared where it is handled. It knows no vendor."""
