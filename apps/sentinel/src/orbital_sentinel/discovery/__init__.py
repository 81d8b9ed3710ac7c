"""Discovery of devices in networks: one sweep with the probes of all protocols."""
