"""A writer for whatever takes Prometheus remote write."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, ClassVar, Generic, Protocol, TypeVar

from orbital_remote_write.answers import is_past
from orbital_remote_write.client import Client
from orbital_remote_write.encoder import Encoder
from orbital_remote_write.settings import RemoteWriteConfig
from orbital_sdk import NotWritten, Refusal, Writer, WriterMisconfigured, Written

if TYPE_CHECKING:
    from collections.abc import Sequence

    from orbital_sdk import Attempt, Batch, PluginHost, WriteAnswer


R = TypeVar("R", bound=RemoteWriteConfig)


class Poster(Protocol):
    """What takes write requests: one address, or several of one destination."""

    @property
    def address(self) -> str: ...
    def post(self, body: bytes, /) -> WriteAnswer: ...
    def close(self) -> None: ...


class RemoteWriter(Writer[R], Generic[R]):
    """Encodes batches, posts them, and says what became of them. Subclasses give it a name."""

    takes_stale_markers: ClassVar[bool] = True
    config_model: ClassVar[type[Any]] = RemoteWriteConfig

    def __init__(self, config: R) -> None:
        super().__init__(config)
        self._encoder = Encoder(config.rules)
        self._client: Poster | None = None

    @property
    def address(self) -> str:
        return self._client.address if self._client else self.config.address

    def connect(self) -> Poster:
        """The client of a start. Raises ConfigurationError where a file of `tls` cannot be used."""
        return Client(self.config)

    async def start(self, host: PluginHost) -> None:
        """Raises what `connect` raises."""
        self._client = self.connect()

    async def stop(self) -> None:
        client, self._client = self._client, None
        if client is not None:
            client.close()

    def write(self, batches: Sequence[Batch], attempt: Attempt) -> WriteAnswer:
        """One request. Samples of series that clash under valid names are refused by name."""
        body, refused = self._encoder.encode(batches)
        answer = self._started().post(body) if body else Written(0)
        if isinstance(answer, Written):
            return Written(answer.bytes, refused) if refused else answer
        if answer.refusal is Refusal.BAD and is_past(answer.reason, time.time() - _oldest(batches)):
            return NotWritten(answer.reason, Refusal.THERE)
        return answer

    def test_connection(self) -> str:
        """An empty request, which shows address, credentials and compression, and stores nothing."""
        answer = self._started().post(b"")
        if isinstance(answer, NotWritten):
            raise WriterMisconfigured(
                f"{self.address} refuses even a request without samples; look at url, and at proxies on"
                f" the way: {answer.reason}"
            )
        return f"{self.address} takes remote write"

    def _started(self) -> Poster:
        if self._client is None:
            raise RuntimeError(f"{self.name}: write() without start()")
        return self._client


def _oldest(batches: Sequence[Batch]) -> float:
    """Seconds UTC of the oldest sample."""
    return min(min(batch.times or (batch.ts,)) for batch in batches) / 1000
