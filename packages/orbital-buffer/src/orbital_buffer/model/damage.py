"""Stored bytes that cannot be used. A module of its own, as the storage process imports next to nothing."""

from __future__ import annotations


class Damaged(ValueError):  # noqa: N818 (reads as what happened)
    """Stored bytes are not what was written; the message says which check failed."""
