"""Makes hosts, and keeps what outlives them."""

from __future__ import annotations

from functools import cache, partial
from typing import TYPE_CHECKING
from urllib.parse import quote

from orbital_runtime.clock import SystemClock
from orbital_runtime.hosting.host import Host
from orbital_runtime.hosting.parts import Part, Standing, log
from orbital_sdk.own_metrics import OwnMetrics

if TYPE_CHECKING:
    from pathlib import Path

    from orbital_runtime.clock import Clock


class Hosts:
    """Belongs to the event loop.

    Args:
        folder: Where parts get a folder for what they want to remember; None: nowhere.
        clock: For tests.
    """

    def __init__(self, folder: Path | None = None, clock: Clock | None = None) -> None:
        self._folder = folder
        self._clock = clock or SystemClock()
        self._standings: dict[Part, Standing] = {}
        self._metrics: dict[tuple[str, str], OwnMetrics] = {}

    def plugin(self, name: str) -> Host:
        """A host for one start of a plugin."""
        return self._host(Part("plugin", name))

    def writer(self, name: str, output: str) -> Host:
        """A host for one start of the writer of an output."""
        return self._host(Part("writer", name, output))

    def processor(self, name: str) -> Host:
        """A host for one start of a processor."""
        return self._host(Part("processor", name))

    def standings(self) -> list[Standing]:
        """Of every part that ever had a host."""
        return [*self._standings.values()]

    def metrics(self) -> list[tuple[str, str, OwnMetrics]]:
        """Kind and name of each part, and the metrics of its own."""
        return [(*key, metrics) for key, metrics in self._metrics.items()]

    def _host(self, part: Part) -> Host:
        standing = self._standings.get(part)
        if standing is None:
            standing = self._standings[part] = Standing(part, self._metrics_of(part))
        return Host(standing, cache(partial(self._folder_of, part)), self._clock)

    def _metrics_of(self, part: Part) -> OwnMetrics:
        def crowded(words: str) -> None:
            log.warning("%s %r: %s", part.kind, part.name, words)

        return self._metrics.setdefault((part.kind, part.name), OwnMetrics(crowded))

    def _folder_of(self, part: Part) -> Path | None:
        """Made when it is asked for. A disk that takes none costs a part its memory, not its start."""
        if self._folder is None:
            return None
        name = quote(part.output or part.name, safe="").replace(".", "%2E")
        folder = self._folder / f"{part.kind}s" / name
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            log.warning("%s cannot remember anything in %s: %s", part, folder, error.strerror)
            return None
        return folder
