"""Prometheus' text format (0.0.4), by prometheus-client's parser; lines that make no sense are left out."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING, Any, Final, TextIO, cast

from prometheus_client.parser import text_fd_to_metric_families

from orbital_plugin_exec.formats.reading import MALFORMED, NAME, shown
from orbital_sdk import Sample

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from orbital_plugin_exec.formats.families import Families
    from orbital_plugin_exec.formats.reading import Reading
    from orbital_sdk import Kind

MAX_LINE: Final = 16_384
"""Characters of a line: what the parser takes grows with the square of it."""
MOST: Final = 100
"""Lines without sense after which the rest is not read: each costs the family around it a second look."""
_MALFORMED: Final = (ValueError, KeyError, IndexError, AttributeError, OverflowError)
"""The parser's ways to say so."""


class Prometheus:
    """As `Format`; `lines` are a whole page.

    Args:
        families: Makes series.
    """

    def __init__(self, families: Families) -> None:
        self._families = families

    def read(self, lines: Iterable[str], into: Reading) -> None:
        rest = iter(lines)
        page = _Page(rest)
        for _ in range(MOST):
            try:
                for family in text_fd_to_metric_families(cast("TextIO", page)):
                    self._take(family, into)
                    page.taken()
            except _MALFORMED as error:
                bad = page.without_last()
                into.refuse(MALFORMED, f"not the text format ({str(error)[:200]}): {shown(bad)}")
            else:
                return
        unread = sum(1 for _ in rest)
        into.refused[MALFORMED] += unread

    def _take(self, family: Any, into: Reading) -> None:
        for name, labels, value, timestamp, *_ in family.samples:
            kind = _kind(family.type, name)
            ts = None if timestamp is None else round(float(timestamp) * 1000)
            try:
                series = self._families.series(
                    name, labels, kind, help=family.documentation, unit=family.unit
                )
                into.samples.append(Sample(series, float(value), ts))
            except (TypeError, ValueError) as error:
                into.refuse(NAME, str(error))


class _Page:
    """Lines for the parser, from the start of the family that it has not given yet."""

    def __init__(self, rest: Iterator[str]) -> None:
        self._rest = rest
        self._again: list[str] = []
        self._open: list[str] = []
        """Lines since the family before."""

    def __iter__(self) -> Iterator[str]:
        again, self._again = self._again, []
        for line in chain(again, self._rest):
            self._open.append(line)
            yield _checked(line)

    def taken(self) -> None:
        """A family is given; the last line began the next one."""
        self._open = self._open[-1:]

    def without_last(self) -> str:
        """Begin again without the line that made no sense."""
        bad = self._open.pop() if self._open else ""
        self._again, self._open = self._open, []
        return bad


def _checked(line: str) -> str:
    """A line, where the parser would not pass over what is wrong with it."""
    if len(line) > MAX_LINE:
        raise ValueError(f"a line of more than {MAX_LINE} characters")
    if not line.lstrip().startswith("#"):
        _, brace, rest = line.rpartition("}")
        if len(rest.split()) > (2 if brace else 3):
            raise ValueError("more than a value and a time")
    return f"{line}\n"


def _kind(family: str, name: str) -> Kind:
    is_part = name.endswith(("_count", "_sum"))
    is_counter = family in ("counter", "histogram") or (family == "summary" and is_part)
    return "counter" if is_counter else "gauge"
