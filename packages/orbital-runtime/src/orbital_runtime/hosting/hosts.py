"""Makes hosts, and keeps the parts, which outlive them."""

from __future__ import annotations

from functools import cache, partial
from typing import TYPE_CHECKING
from urllib.parse import quote

from orbital_runtime.clock import SystemClock
from orbital_runtime.hosting.host import Host
from orbital_runtime.hosting.part import Part, log

if TYPE_CHECKING:
    from pathlib import Path

    from orbital_runtime.clock import Clock
    from orbital_runtime.hosting.part import Kind


class Hosts:
    """Belongs to the event loop.

    Args:
        folder: Where parts get a folder for their own files; None for no folders.
        clock: For tests.
    """

    def __init__(self, folder: Path | None = None, clock: Clock | None = None) -> None:
        self._folder = folder
        self._clock = clock or SystemClock()
        self._parts: dict[tuple[Kind, str], Part] = {}
        self._names: dict[str, Part] = {}
        """Part of each of their own metrics, by its name on `/metrics`."""

    def plugin(self, name: str) -> Host:
        """A host for one start of a plugin."""
        return self._host("plugin", name, name)

    def writer(self, name: str, output: str) -> Host:
        """A host for one start of the writer of an output."""
        return self._host("writer", name, output, output=output)

    def processor(self, name: str, place: str = "") -> Host:
        """A host for one start of a processor.

        Args:
            name: Of the processor.
            place: Its place in the configuration, in words: each has a folder of its own. Empty for all
            samples.
        """
        return self._host("processor", name, f"{name} {place}" if place else name)

    def parts(self) -> list[Part]:
        """Every part that ever had a host."""
        return [*self._parts.values()]

    def _host(self, kind: Kind, name: str, folder: str, **labels: str) -> Host:
        part = self._parts.get((kind, name))
        if part is None:
            part = self._parts[kind, name] = Part(kind, name, self._claim)
        return Host(
            part,
            folder=cache(partial(self._folder_of, part, folder)),
            clock=self._clock,
            labels=labels,
        )

    def _claim(self, part: Part, metric: str) -> None:
        """Reserve a metric's name for a part: the names of `a-b` and `a_b` would be equal on `/metrics`.

        Raises:
            ValueError: Another part has it.
        """
        full = part.full_name(metric)
        owner = self._names.setdefault(full, part)
        if owner is not part:
            raise ValueError(f"{full} is a metric of {owner} already")

    def _folder_of(self, part: Part, name: str) -> Path | None:
        """Create the folder on request. If that fails the part starts without one."""
        if self._folder is None:
            return None
        folder = self._folder / f"{part.kind}s" / quote(name, safe="").replace(".", "%2E")
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            log.warning("%s cannot store anything in %s: %s", part, folder, error.strerror)
            return None
        return folder
