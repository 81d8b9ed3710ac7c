"""Reports on devices to Core: their states and their neighbours."""
