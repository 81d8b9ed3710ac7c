"""Samples in the form of Core's ingest, and the output that sends them."""
