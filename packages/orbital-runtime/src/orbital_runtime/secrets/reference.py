"""A reference to a secret."""

from __future__ import annotations

from typing import Final, NamedTuple

CHAIN: Final = "secret"
"""In place of a provider: each of `secrets.order` is asked, until one has it."""


class Reference(NamedTuple):
    """`${PROVIDER:NAME}`, or `${secret:NAME}`."""

    provider: str
    """The one to ask, or `CHAIN`."""
    name: str

    def __str__(self) -> str:
        return f"${{{self.provider}:{self.name}}}"
