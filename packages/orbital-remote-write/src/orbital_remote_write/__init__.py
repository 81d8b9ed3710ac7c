"""Prometheus remote write: messages, encoder and HTTP client."""
