"""What is wrong with a page."""

from __future__ import annotations


class MalformedLineError(ValueError):
    """A line is not of the text format; the message says why. The next line may be read."""
