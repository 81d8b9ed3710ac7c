"""Who holds the event loop, noticed while it is still held."""
