"""A process of its own for the database, and the way to ask it."""
