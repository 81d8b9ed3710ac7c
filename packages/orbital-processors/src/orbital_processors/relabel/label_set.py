"""The labels of a series while rules change them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from orbital_sdk.metric import LABEL_NAME, METRIC_NAME

if TYPE_CHECKING:
    from orbital_sdk import Row

NAME: Final = "__name__"


class LabelSet:
    """Labels by name, the metric's name as `__name__`. An empty value is not a label.

    Args:
        row: The series.
    """

    def __init__(self, row: Row) -> None:
        self._before = dict(sorted([(NAME, row.name), *row.labels]))
        self._original = dict(self._before)
        self._set: dict[str, str] = {}

    def __getitem__(self, name: str) -> str:
        return self._set.get(name) or self._original.get(name, "")

    def __setitem__(self, name: str, value: str) -> None:
        self._original.pop(name, None)
        if value:
            self._set[name] = value
        else:
            self._set.pop(name, None)

    def items(self) -> list[tuple[str, str]]:
        """All labels, in the order in which rules visit them: those not changed yet sorted by name, then the
        others in the order in which they were set first. It decides which one stays where `labelmap`
        gives two labels
        one name.
        """
        return [*self._original.items(), *self._set.items()]

    def row(self, row: Row) -> Row | None:
        """The series with these labels: the same object if nothing changed, None if no destination takes
        them.
        """
        labels = dict(self.items())
        if labels == self._before:
            return row
        name = labels.pop(NAME, "")
        if not METRIC_NAME.fullmatch(name) or not all(map(LABEL_NAME.fullmatch, labels)):
            return None
        return row.replace(name=name, labels=labels)
