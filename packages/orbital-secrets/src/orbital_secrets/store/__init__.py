"""The encrypted store: a file of secrets, and a key that stands elsewhere."""
