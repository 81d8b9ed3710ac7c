"""The storage process: a separate process for the database, and its client."""
