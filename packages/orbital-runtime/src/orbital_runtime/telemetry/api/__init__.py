"""The pages of the HTTP API."""
