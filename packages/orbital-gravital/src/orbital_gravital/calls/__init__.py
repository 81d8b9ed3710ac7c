"""One HTTP client for Core, and what its answers mean."""
