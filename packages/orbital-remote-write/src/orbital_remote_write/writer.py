"""A writer for whatever takes Prometheus remote write."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from orbital_remote_write.client import Client
from orbital_remote_write.encoder import Encoder
from orbital_remote_write.settings import RemoteWriteConfig
from orbital_sdk import BatchRejected, Writer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from orbital_sdk import Attempt, Batch


class RemoteWriter(Writer[RemoteWriteConfig]):
    """Encodes batches, posts them, and says what became of them. Subclasses give it a name."""

    takes_stale_markers: ClassVar[bool] = True

    def __init__(self, config: RemoteWriteConfig) -> None:
        super().__init__(config)
        self._encoder = Encoder(config.rules)
        self._client: Client | None = None

    @property
    def address(self) -> str:
        return self.config.address

    async def start(self) -> None:
        """Raises ConfigurationError where a file of `tls` cannot be used."""
        self._client = Client(self.config)

    async def stop(self) -> None:
        client, self._client = self._client, None
        if client is not None:
            client.close()

    def write(self, batches: Sequence[Batch], attempt: Attempt) -> int:
        """One request. Samples of series that clash under valid names are given back as rejects."""
        if self._client is None:
            raise RuntimeError(f"{self.name}: write() without start()")
        body, rejects = self._encoder.encode(batches)
        sent = self._client.post(body) if body else 0
        if rejects:
            raise BatchRejected(rejects[0].reason, rejects=rejects)
        return sent
