"""The processor `relabel`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from orbital_processors.names import Some  # noqa: TC001 (pydantic reads it)
from orbital_processors.relabel.actions import action
from orbital_processors.relabel.label_set import NAME, LabelSet
from orbital_processors.relabel.rule import Rule  # noqa: TC001 (pydantic reads it)
from orbital_sdk import Processor, ProcessorConfig

if TYPE_CHECKING:
    from collections.abc import Iterable

    from orbital_sdk import Counter, Layout, PluginHost, Row


class RelabelConfig(ProcessorConfig):
    """Rules as in Prometheus' `metric_relabel_configs`."""

    rules: Some[Rule]
    """Applied in this order."""


class Relabel(Processor[RelabelConfig]):
    """Applies the rules once to each series of a layout."""

    name = "relabel"
    summary = "Changes and drops series by Prometheus' relabelling rules"
    stateless = True

    def __init__(self, config: RelabelConfig) -> None:
        super().__init__(config)
        self._actions = [action(rule) for rule in config.rules]
        self._invalid: Counter | None = None

    async def start(self, host: PluginHost) -> None:
        self._invalid = host.counter(
            "invalid_series",
            "Series that rules left without a metric name, or with an invalid name; they are dropped",
        )

    @classmethod
    def makes(cls, config: RelabelConfig) -> Iterable[str]:
        return {
            rule.replacement
            for rule in config.rules
            if (rule.action, rule.target_label) == ("replace", NAME) and "$" not in rule.replacement
        }

    def plan(self, layout: Layout) -> list[Row | None]:
        return [self._relabelled(row) for row in layout.rows]

    def _relabelled(self, row: Row) -> Row | None:
        labels = LabelSet(row)
        if not all(apply(labels) for apply in self._actions):
            return None
        changed = labels.row(row)
        if changed is None and labels.items() and self._invalid is not None:
            self._invalid.add()
        return changed
