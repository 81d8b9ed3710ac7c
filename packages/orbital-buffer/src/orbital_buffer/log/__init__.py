"""The log that every output reads on its own."""
