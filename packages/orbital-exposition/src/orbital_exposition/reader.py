"""Pages, line by line. What stands before a value is parsed once, and found again on later pages."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Generic, TypeVar

from orbital_exposition.errors import MalformedLineError
from orbital_exposition.family import TYPES, Family
from orbital_exposition.text import comment, numbers, series_of, shown

if TYPE_CHECKING:
    from collections.abc import Callable

S = TypeVar("S")

MAX_LINE: Final = 16_384
"""Characters of a line."""
REMEMBERED: Final = 100_000
"""Series kept from page to page; a source that makes up new ones all the time starts anew."""


class Reader(Generic[S]):
    """Reads pages, one after the other or at once on several threads.

    Args:
        find: What a series is for the caller, by name, labels and family. It is asked once for each as long
            as it is remembered; what it raises is raised by `Page.read`.
    """

    def __init__(self, find: Callable[[str, dict[str, str], Family], S]) -> None:
        self._find = find
        self._known: dict[Family, dict[str, S]] = {}
        self._count = 0

    def page(self) -> Page[S]:
        """Begin a page."""
        return Page(self)

    def of(self, family: Family) -> dict[str, S]:
        """The known series of a family, by what stands before their values."""
        return self._known.get(family, {})

    def learn(self, text: str, name: str, labels: dict[str, str], family: Family) -> S:
        """A series that is new."""
        found = self._find(name, labels, family)
        if self._count >= REMEMBERED:
            self._known.clear()
            self._count = 0
        self._count += 1
        self._known.setdefault(family, {})[text] = found
        return found


class Page(Generic[S]):
    """One page. A malformed line costs itself alone."""

    def __init__(self, reader: Reader[S]) -> None:
        self._reader = reader
        self._enter(Family())

    def read(self, line: str) -> tuple[S, float, int | None] | None:
        """Series, value and time (milliseconds) of a line; None for a comment or an empty one.

        Raises:
            MalformedLineError
        """
        if len(line) > MAX_LINE:
            raise MalformedLineError(f"a line of more than {MAX_LINE} characters")
        text = line.strip()
        if not text:
            return None
        if text[0] == "#":
            self._comment(text)
            return None
        if end := text.rfind("}") + 1:
            series, fields = text[:end], text[end:].split()
        else:
            series, *fields = text.split()
        value, time = numbers(fields)
        try:
            return self._known[series], value, time
        except KeyError:
            return self._learn(series), value, time

    def _learn(self, text: str) -> S:
        name, labels = series_of(text)
        self._enter(self._family if self._family.includes(name) else Family())
        if text in self._known:  # of an earlier page's, or of one that is read at the same time
            return self._known[text]
        found = self._reader.learn(text, name, labels, self._family)
        self._enter(self._family)
        return found

    def _comment(self, text: str) -> None:
        found = comment(text)
        if found is None:
            return
        what, name, said = found
        family = self._family if name == self._family.name else Family(name)
        if what == "HELP":
            self._enter(family._replace(help=said))
        elif said in TYPES:
            self._enter(family._replace(type=said))
        else:
            raise MalformedLineError(f"no type of a metric: {shown(text)}")

    def _enter(self, family: Family) -> None:
        self._family = family
        self._known = self._reader.of(family)
