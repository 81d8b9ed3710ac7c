"""The processor `rename`: other names for metrics and labels."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from pydantic import Field, model_validator

from orbital_processors.matching.selector import Selector, selects_any
from orbital_processors.names import check_label_names, check_metric_name
from orbital_sdk import Processor, ProcessorConfig

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Self

    from orbital_sdk import Layout, Row


class RenameConfig(ProcessorConfig):
    """New names."""

    match: tuple[Selector, ...] = ()
    """Selectors of which one has to match; all series if left out."""
    metrics: dict[str, str] = Field(
        default={}, examples=[{"ifHCInOctets": "if_in_octets", "old_*": "new_*"}]
    )
    """Old and new name of metrics. One `*` stands for any text, which the new name repeats where it has
    a `*`. The
    first pair that fits counts."""
    labels: dict[str, str] = Field(default={}, examples=[{"ifName": "interface"}])
    """Old and new name of labels. A label that has the new name already is replaced."""

    @model_validator(mode="after")
    def _check(self) -> Self:
        if not self.metrics and not self.labels:
            raise ValueError("nothing is renamed; write names under metrics or labels")
        for old, new in self.metrics.items():
            if old.count("*") > 1 or new.count("*") > old.count("*"):
                raise ValueError(f"{old!r}: {new!r} is ambiguous; one * may stand in either name")
            check_metric_name(new.replace("*", "_"), new)
        check_label_names(self.labels.values())
        twice = [new for new, count in Counter(self.labels.values()).items() if count > 1]
        if twice:
            raise ValueError(f"two labels become {twice[0]!r}; one of them would be lost")
        return self


class Rename(Processor[RenameConfig]):
    """Renames once for each layout."""

    name = "rename"
    summary = "Renames metrics and labels"
    stateless = True

    def __init__(self, config: RenameConfig) -> None:
        super().__init__(config)
        self._selects = selects_any(config.match)
        self._exact = {old: new for old, new in config.metrics.items() if "*" not in old}
        self._wild = [(*old.split("*"), new) for old, new in config.metrics.items() if "*" in old]

    @classmethod
    def makes(cls, config: RenameConfig) -> list[str]:
        return [] if config.match else [new for new in config.metrics.values() if "*" not in new]

    def plan(self, layout: Layout) -> list[Row]:
        return [self._renamed(row) if self._selects(row) else row for row in layout.rows]

    def _renamed(self, row: Row) -> Row:
        name = self._name(row.name)
        labels = _labels(dict(row.labels), self.config.labels)
        if name == row.name and labels is None:
            return row
        return row.replace(name=name, labels=labels)

    def _name(self, name: str) -> str:
        if (new := self._exact.get(name)) is not None:
            return new
        for before, behind, new in self._wild:
            fits = name.startswith(before) and name.endswith(behind)
            if fits and len(name) >= len(before) + len(behind):
                return new.replace("*", name[len(before) : len(name) - len(behind)])
        return name


def _labels(labels: Mapping[str, str], names: Mapping[str, str]) -> dict[str, str] | None:
    """The labels under their new names; None if none is renamed. Two labels may swap their names."""
    moved = {new: labels[old] for old, new in names.items() if old in labels}
    if not moved:
        return None
    return {name: value for name, value in labels.items() if name not in names} | moved
