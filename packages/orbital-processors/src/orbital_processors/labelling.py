"""The processor `labels`: adds and removes labels."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from pydantic import Field, model_validator

from orbital_processors.matching.pattern import Patterns, any_of, as_tuple
from orbital_processors.matching.selector import Selector, selects_any
from orbital_processors.names import check_label_names
from orbital_sdk import Processor, ProcessorConfig
from orbital_sdk.hints import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Self

    from orbital_sdk import Layout, Origin, Row

_REFERENCE: Final = re.compile(r"\{([a-zA-Z_][a-zA-Z0-9_.]*)\}")
ORIGIN: Final[Mapping[str, Callable[[Origin], str]]] = {
    "device.id": lambda origin: origin.device_id,
    "device.target": lambda origin: origin.target,
    "task.id": lambda origin: origin.task,
    "task.plugin": lambda origin: origin.plugin,
    "sentinel.id": lambda origin: origin.sentinel.id,
    "sentinel.name": lambda origin: origin.sentinel.name,
    "sentinel.region": lambda origin: origin.sentinel.region,
}
"""What is known of a series' device, task and sentinel."""
FIELD: Final = "device."
"""Names of the device's own fields begin with it."""


class LabelsConfig(ProcessorConfig):
    """Labels to add and to remove. In a value, `{name}` is a label of the series, and `{device.id}`,
    `{device.target}`, `{task.id}`, `{task.plugin}`, `{sentinel.id}`, `{sentinel.name}` and
    `{sentinel.region}` tell where it comes from. `{device.NAME}` is any other field of its device, such as
    `{device.host}`, but no secret.
    """

    match: tuple[Selector, ...] = ()
    """Selectors of which one has to match; all series if left out."""
    set: dict[str, str] = Field(
        default={}, examples=[{"site": "berlin", "address": "{device.target}"}]
    )
    """Labels to set, each with its value; an empty value removes the label."""
    default: dict[str, str] = Field(default={}, examples=[{"team": "network"}])
    """Labels to set where a series does not have them."""
    drop: Patterns = Field(default=(), examples=["ifAlias", ["tmp_*"]])
    """Pattern, or list of patterns, of names of labels to remove, before others are set."""

    @model_validator(mode="after")
    def _check(self) -> Self:
        if not self.set and not self.default and not self.drop:
            raise ValueError("no label is changed; write some under set, default or drop")
        if both := sorted(self.set.keys() & self.default.keys()):
            raise ValueError(f"{both[0]!r} is in set and in default; only one can have effect")
        check_label_names([*self.set, *self.default])
        for name in self.references():
            if "." in name and name not in ORIGIN and not name.startswith(FIELD):
                raise ValueError(f"{{{name}}} is not known; {did_you_mean(name, ORIGIN)}")
        return self

    def references(self) -> list[str]:
        """The names in all values."""
        templates = (*self.set.values(), *self.default.values())
        return [name for template in templates for name in _REFERENCE.findall(template)]


class Labels(Processor[LabelsConfig]):
    """Changes labels once for each layout."""

    name = "labels"
    summary = "Adds and removes labels"
    stateless = True

    def __init__(self, config: LabelsConfig) -> None:
        super().__init__(config)
        self._selects = selects_any(config.match)
        self._drops = any_of(as_tuple(config.drop))

    @classmethod
    def device_fields(cls, config: LabelsConfig) -> list[str]:
        names = [name for name in config.references() if name not in ORIGIN]
        return [name.removeprefix(FIELD) for name in names if name.startswith(FIELD)]

    def plan(self, layout: Layout) -> list[Row]:
        fields = {f"{FIELD}{name}": text for name, text in layout.origin.fields.items()}
        known = fields | {name: get(layout.origin) for name, get in ORIGIN.items()}
        return [self._changed(row, known) if self._selects(row) else row for row in layout.rows]

    def _changed(self, row: Row, known: Mapping[str, str]) -> Row:
        before = dict(row.labels)
        texts = {**before, **known}
        labels = {name: value for name, value in before.items() if not self._drops(name)}
        for name, template in self.config.default.items():
            if name not in labels:
                labels[name] = filled(template, texts)
        for name, template in self.config.set.items():
            labels[name] = filled(template, texts)
        kept = {name: value for name, value in labels.items() if value}
        return row if kept == before else row.replace(labels=kept)


def filled(template: str, texts: Mapping[str, str]) -> str:
    """The template with its references replaced; those without a text are empty."""
    return _REFERENCE.sub(lambda found: texts.get(found[1], ""), template)
