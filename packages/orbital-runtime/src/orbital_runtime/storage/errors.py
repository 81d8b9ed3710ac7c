"""What is said of stored bytes that cannot be used."""


class Damaged(ValueError):  # noqa: N818 (reads as what happened)
    """Stored bytes are not what was written; the message says which check failed."""
