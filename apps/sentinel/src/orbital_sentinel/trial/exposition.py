"""Samples as people write them: lines of Prometheus' text format."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final, NamedTuple

from orbital_exposition import Family, Reader
from orbital_sdk.metric import LABEL_NAME, METRIC_NAME

if TYPE_CHECKING:
    from collections.abc import Iterable

    from orbital_sdk import Row
    from orbital_sdk.metric import Kind

WHOLE: Final = 1 << 53
"""Whole numbers up to here are shown with all digits."""


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
        return f"{self.series} {_number(self.value)}"

    def without(self, label: str) -> Line:
        """The same without this label."""
        return self._replace(labels=tuple(pair for pair in self.labels if pair[0] != label))


def read(text: str) -> list[Line]:
    """The samples of a text.

    Raises:
        ValueError: It is not exposition text.
    """
    page = Reader(_series).page()
    found = [one for line in text.splitlines() if (one := page.read(line))]
    return [Line(name, labels, value, kind) for (name, labels, kind), value, _ in found]


def line_of(row: Row, value: float) -> Line:
    """A sample that came out."""
    return Line(row.name, row.labels, value, row.kind)


def _series(
    name: str, labels: dict[str, str], family: Family
) -> tuple[str, tuple[tuple[str, str], ...], Kind]:
    named = tuple(sorted((label, value) for label, value in labels.items() if value))
    check(name, [label for label, _ in named])
    return name, named, family.kind(name)


def check(name: str, labels: Iterable[str]) -> None:
    """Raises ValueError where the agent takes no such name: the format has others, in quotes."""
    for one, known in ((name, METRIC_NAME), *[(label, LABEL_NAME) for label in labels]):
        if not known.fullmatch(one):
            raise ValueError(f"{one!r} is not a name that the agent takes")


def _number(value: float) -> str:
    """As the text format has it; fifteen digits, which are those that a double has for sure."""
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "+Inf" if value > 0 else "-Inf"
    return str(int(value)) if value.is_integer() and abs(value) < WHOLE else f"{value:.15g}"


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
