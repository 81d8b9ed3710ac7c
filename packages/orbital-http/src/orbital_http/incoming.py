"""An answer while it comes in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from orbital_sdk.inflate import Inflated, inflated

if TYPE_CHECKING:
    from collections.abc import Mapping

    import requests

PIECE: Final = 1 << 20
"""Bytes that are read at once, at most."""


class Incoming:
    """An answer whose body is still to be read."""

    def __init__(self, response: requests.Response) -> None:
        self._response = response
        self.status = response.status_code
        self.headers: Mapping[str, str] = response.headers
        """Looked up without regard to case."""

    def read(self, limit: int, *, times: int = 0) -> Inflated:
        """The body without its Content-Encoding. Read to its end, its connection can be used again.

        Args:
            limit: Bytes of it, as it comes and unpacked; more end the connection, and are a `problem`.
            times: As for `orbital_sdk.inflate.inflated`.
        """
        raw, pieces, size = self._response.raw, list[bytes](), 0
        while size <= limit:
            piece = raw.read1(min(PIECE, limit + 1), decode_content=False)  # what is there, not all
            if not piece:
                break
            pieces.append(piece)
            size += len(piece)
        if size > limit:
            raw.close()
        return inflated(
            b"".join(pieces), self.headers.get("Content-Encoding", ""), limit, times=times
        )
