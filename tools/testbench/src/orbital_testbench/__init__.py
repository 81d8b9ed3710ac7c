"""Real servers and hostile peers, started on free loopback ports."""
