"""Damaged data. In a module of its own, since the storage process imports as little as possible."""

from __future__ import annotations


class Damaged(ValueError):  # noqa: N818 (reads as what happened)
    """Stored bytes differ from what was written; the message says which check failed."""
