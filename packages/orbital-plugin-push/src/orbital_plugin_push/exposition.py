"""Prometheus' text format (0.0.4) as samples."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

from orbital_exposition import Family, Reader
from orbital_sdk import Sample

if TYPE_CHECKING:
    from collections.abc import Mapping

    from orbital_remote_write import KnownSeries
    from orbital_sdk import Series


class MalformedTextError(ValueError):
    """This is not a page of the text format."""


def samples(text: str, labels: Mapping[str, str], known: KnownSeries) -> list[Sample]:
    """All samples of a page.

    Args:
        text: The page.
        labels: Win over those of the page.
        known: The series that came before.

    Raises:
        MalformedTextError: A line makes no sense, or names no series that can be. Nothing is taken then.
    """

    def series(name: str, own: Mapping[str, str], _: Family) -> Series:
        return known.of({**own, **labels, "__name__": name})

    page = Reader(series).page()
    found: list[Sample] = []
    for number, line in enumerate(io.StringIO(text), 1):
        try:
            if sample := page.read(line):
                found.append(Sample(*sample))
        except ValueError as error:
            message = f"not the text format: line {number}: {error!s:.200}"
            raise MalformedTextError(message) from error
    return found
