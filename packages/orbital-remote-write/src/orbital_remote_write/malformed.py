"""What is not a write request."""


class MalformedRequestError(ValueError):
    """These bytes are no write request; the message says why."""
