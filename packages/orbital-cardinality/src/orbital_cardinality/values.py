"""How many different values there are: exactly while they are few, nearly so when they are many."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from orbital_cardinality.sketch import Sketch

FEW: Final = 1000
"""Values that are known exactly. Above them a sketch is wrong by 2.3 % (standard error)."""


class Values:
    """The different values of one label."""

    __slots__ = ("_few", "_many")

    def __init__(self) -> None:
        self._few: set[str] = set()
        self._many: Sketch | None = None

    def add(self, value: str) -> None:
        if self._many is not None:
            self._many.add(value)
            return
        self._few.add(value)
        if len(self._few) > FEW:
            self._sketch()

    def __len__(self) -> int:
        return len(self._few) if self._many is None else len(self._many)

    @property
    def exact(self) -> bool:
        """Whether the number is not an estimate."""
        return self._many is None

    def _sketch(self) -> None:
        from orbital_cardinality.sketch import Sketch  # noqa: PLC0415 (few agents need it)

        self._many = Sketch()
        for value in self._few:
            self._many.add(value)
        self._few = set()
