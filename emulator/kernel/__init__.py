"""The pure heart: machines, clock, agenda, world and journal; knows no vendor, no HTTP and no YAML."""
