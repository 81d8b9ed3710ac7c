"""Samples as people write them: lines of Prometheus' text format."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from prometheus_client.parser import text_string_to_metric_families

from orbital_sdk.metric import LABEL_NAME, METRIC_NAME

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from orbital_sdk import Row
    from orbital_sdk.metric import Kind


class Line(NamedTuple):
    """One sample."""

    name: str
    labels: tuple[tuple[str, str], ...]
    """Sorted, without empty ones."""
    value: float
    kind: Kind = "gauge"

    @property
    def series(self) -> str:
        """Name and labels."""
        labels = ",".join(f'{name}="{_escaped(value)}"' for name, value in self.labels)
        return f"{self.name}{{{labels}}}" if labels else self.name

    def __str__(self) -> str:
        value = int(self.value) if self.value.is_integer() else self.value
        return f"{self.series} {value}"

    def without(self, label: str) -> Line:
        """The same without this label."""
        return self._replace(labels=tuple(pair for pair in self.labels if pair[0] != label))


def read(text: str) -> list[Line]:
    """The samples of a text.

    Raises:
        ValueError: It is no exposition text.
    """
    try:
        return list(_lines(text))
    except (
        IndexError,
        KeyError,
        AttributeError,
    ) as error:  # the parser's own, of text that is broken
        raise ValueError("it cannot be read") from error


def line_of(row: Row, value: float) -> Line:
    """A sample that came out."""
    return Line(row.name, row.labels, value, row.kind)


def _lines(text: str) -> Iterator[Line]:
    stripped = "".join(f"{line.strip()}\n" for line in text.splitlines() if line.strip())
    for family in text_string_to_metric_families(stripped):
        kind: Kind = "counter" if family.type == "counter" else "gauge"
        for sample in family.samples:
            labels = tuple(sorted((k, v) for k, v in sample.labels.items() if v))
            check(sample.name, [name for name, _ in labels])
            yield Line(sample.name, labels, float(sample.value), kind)


def check(name: str, labels: Iterable[str]) -> None:
    """Raises ValueError where the agent takes no such name: the format has others, in quotes."""
    for one, known in ((name, METRIC_NAME), *[(label, LABEL_NAME) for label in labels]):
        if not known.fullmatch(one):
            raise ValueError(f"{one!r} is no name that the agent takes")


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
