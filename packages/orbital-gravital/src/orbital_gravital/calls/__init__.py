"""The HTTP client for Core, and the interpretation of its answers."""
