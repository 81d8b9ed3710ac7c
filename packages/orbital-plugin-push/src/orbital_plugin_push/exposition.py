"""The text format (Prometheus, "Exposition formats", 0.0.4) as samples, by prometheus-client's parser."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Final, TextIO, cast

from prometheus_client.parser import text_fd_to_metric_families

from orbital_sdk import Sample

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from orbital_remote_write import KnownSeries

MAX_LINE: Final = 16_384
"""Characters of a line: what the parser takes grows with the square of it."""
_MALFORMED: Final = (ValueError, KeyError, IndexError, AttributeError, OverflowError)
"""The parser's ways to say so."""


class MalformedTextError(ValueError):
    """This is no page of the text format."""


def samples(text: str, labels: Mapping[str, str], known: KnownSeries) -> list[Sample]:
    """All samples of a page.

    Args:
        text: The page.
        labels: Win over those of the page.
        known: The series that came before.

    Raises:
        MalformedTextError: A line makes no sense, or names no series that can be. Nothing is taken then.
    """
    try:
        return [
            Sample(known.of({**own, **labels, "__name__": name}), value, ts)
            for name, own, value, ts in _parsed(text)
        ]
    except _MALFORMED as error:
        raise MalformedTextError(f"not the text format: {str(error)[:200]}") from error


def _parsed(text: str) -> Iterator[tuple[str, Mapping[str, str], float, int | None]]:
    for family in text_fd_to_metric_families(cast("TextIO", _lines(text))):  # it only iterates
        for name, labels, value, timestamp, *_ in family.samples:
            ts = None if timestamp is None else round(float(timestamp) * 1000)
            yield name, labels, float(value), ts


def _lines(text: str) -> Iterator[str]:
    for number, line in enumerate(io.StringIO(text), 1):
        if len(line) > MAX_LINE:
            raise ValueError(f"line {number} has more than {MAX_LINE} characters")
        if not line.lstrip().startswith("#"):
            _, brace, rest = line.rpartition("}")
            if len(rest.split()) > (2 if brace else 3):
                raise ValueError(f"line {number} has more than a value and a time")
        yield line
