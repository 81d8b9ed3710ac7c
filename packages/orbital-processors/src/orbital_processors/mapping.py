"""The processor `map`: text for a label by a table."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import Field, model_validator

from orbital_processors.matching.selector import Selector, selects_any
from orbital_processors.names import check_label_names
from orbital_sdk import Processor, ProcessorConfig

if TYPE_CHECKING:
    from typing import Self

    from orbital_sdk import Layout, Row


class MapConfig(ProcessorConfig):
    """A table from the text of one label to the text of another."""

    match: tuple[Selector, ...] = ()
    """Selectors of which one has to match; all series if left out."""
    label: str = Field(examples=["ifOperStatus", "rack"])
    """The label whose text is looked up. Series without it stay as they are."""
    to: str = Field(default="", examples=["room"])
    """The label to set; the same one if left out."""
    table: dict[str, str] = Field(min_length=1, examples=[{"1": "up", "2": "down"}])
    """New text for each text."""
    default: str | None = None
    """Text for those that are not in the table. If left out, such series stay as they are."""

    @model_validator(mode="after")
    def _check(self) -> Self:
        check_label_names([self.label, self.to or self.label])
        return self


class Map(Processor[MapConfig]):
    """Looks up once for each layout."""

    name = "map"
    summary = "Gives labels a text by a table"
    stateless = True

    def __init__(self, config: MapConfig) -> None:
        super().__init__(config)
        self._selects = selects_any(config.match)
        self._to = config.to or config.label

    def plan(self, layout: Layout) -> list[Row]:
        return [self._mapped(row) if self._selects(row) else row for row in layout.rows]

    def _mapped(self, row: Row) -> Row:
        labels = dict(row.labels)
        text = labels.get(self.config.label)
        new = None if text is None else self.config.table.get(text, self.config.default)
        if new is None or labels.get(self._to) == new:
            return row
        return row.replace(labels={**labels, self._to: new})
