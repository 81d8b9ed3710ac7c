"""The agent as a service of systemd: the unit that ships, and how it gets onto a machine."""
