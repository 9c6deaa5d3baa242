"""The interface that a vendor is written with."""
