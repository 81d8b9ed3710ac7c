"""VictoriaMetrics: remote write in its own compression, to whichever of its addresses answers."""

from __future__ import annotations

import time
from functools import partial
from typing import TYPE_CHECKING, ClassVar, Final

from orbital_remote_write import SNAPPY, ZSTD, Client, Failover, RemoteWriter
from orbital_writer_victoria.limits import IngestionLimits, Screen
from orbital_writer_victoria.settings import VictoriaConfig

if TYPE_CHECKING:
    from collections.abc import Sequence

    from orbital_remote_write import Poster
    from orbital_sdk import Attempt, Batch, WriteAnswer

CODECS: Final = {"auto": (ZSTD, SNAPPY), "zstd": (ZSTD,), "snappy": (SNAPPY,)}


class VictoriaMetrics(RemoteWriter[VictoriaConfig]):
    """VictoriaMetrics, single node or cluster.

    It takes samples of any age within its retention, in any order.
    """

    name: ClassVar[str] = "victoria_metrics"
    summary: ClassVar[str] = "VictoriaMetrics, by remote write"
    takes_old_samples: ClassVar[bool] = True

    def __init__(self, config: VictoriaConfig) -> None:
        super().__init__(config)
        limits = IngestionLimits(
            labels=config.max_labels,
            name_bytes=config.max_label_name,
            value_bytes=config.max_label_value,
            ahead=config.max_future,
            behind=config.retention,
        )
        self._screen = Screen(limits, config.rules)

    def connect(self) -> Poster:
        """One client an address; they share the time that a request may take."""
        config, codecs = self.config, CODECS[self.config.compression]
        clients = [
            Client(config.model_copy(update={"url": url, **self._shares()}), codecs)
            for url in config.write_urls
        ]
        if len(clients) == 1:
            return clients[0]
        return Failover(clients, patience=config.timeout - self._shares()["timeout"])

    def _shares(self) -> dict[str, float]:
        """Of several addresses each may take so long that the last one is reached in time."""
        config, addresses = self.config, 1 + len(self.config.fallback_urls)
        if addresses == 1:
            return {}
        share = config.timeout / (addresses + 1)
        return {"timeout": share, "connect_timeout": min(config.connect_timeout, share / 2)}

    def write(self, batches: Sequence[Batch], attempt: Attempt) -> WriteAnswer:
        """As `RemoteWriter.write`; what VictoriaMetrics would drop quietly is refused by name."""
        screened = self._screen.look(batches, time.time_ns() // 1_000_000)
        if screened is None:
            return super().write(batches, attempt)
        return screened.send(partial(super().write, attempt=attempt))
