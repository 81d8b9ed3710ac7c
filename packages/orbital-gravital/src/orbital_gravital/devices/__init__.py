"""What Core is told of devices: their states and their neighbours."""
