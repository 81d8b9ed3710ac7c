"""Processors that may stand at an output."""

from __future__ import annotations

from math import nan
from typing import TYPE_CHECKING

from orbital_sdk import Plan, Processor, ProcessorConfig

if TYPE_CHECKING:
    from orbital_sdk import Batch, Layout, Row


class _Stateless(Processor[ProcessorConfig]):
    stateless = True

    def __init__(self, config: ProcessorConfig | None = None) -> None:
        super().__init__(config or ProcessorConfig())


class Only(_Stateless):
    """Keeps the metrics of these names."""

    name = "only"

    def __init__(self, *names: str) -> None:
        super().__init__()
        self._names = names

    def plan(self, layout: Layout) -> list[Row | None]:
        return [row if row.name in self._names else None for row in layout.rows]


class Prefix(_Stateless):
    """Puts this text in front of names."""

    name = "prefix"

    def __init__(self, text: str) -> None:
        super().__init__()
        self._text = text

    def plan(self, layout: Layout) -> list[Row]:
        return [row.replace(name=self._text + row.name) for row in layout.rows]


class Sieve(_Stateless):
    """Keeps values above this one."""

    name = "sieve"

    def __init__(self, *, above: float) -> None:
        super().__init__()
        self._above = above

    def plan(self, layout: Layout) -> Plan:
        return Plan(layout.rows, self._step)

    def _step(self, batch: Batch) -> list[float]:
        return [value if value > self._above else nan for value in batch.values]


class Doubled(_Stateless):
    """Twice each value."""

    name = "doubled"

    def plan(self, layout: Layout) -> Plan:
        return Plan(layout.rows, lambda batch: [2 * value for value in batch.values])
