"""Prometheus' text format (0.0.4); lines that make no sense are left out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from orbital_exposition import Family, MalformedLineError, Reader
from orbital_plugin_exec.formats.reading import MALFORMED, NAME, shown
from orbital_sdk import Sample

if TYPE_CHECKING:
    from collections.abc import Iterable

    from orbital_plugin_exec.formats.families import Families
    from orbital_plugin_exec.formats.reading import Reading
    from orbital_sdk import Series


class Prometheus:
    """As `Format`; `lines` are a whole page.

    Args:
        families: Makes series.
    """

    def __init__(self, families: Families) -> None:
        self._families = families
        self._reader = Reader(self._series)

    def read(self, lines: Iterable[str], into: Reading) -> None:
        page = self._reader.page()
        for line in lines:
            try:
                found = page.read(line)
            except MalformedLineError as error:
                into.refuse(MALFORMED, f"not the text format ({error}): {shown(line)}")
            except (TypeError, ValueError) as error:
                into.refuse(NAME, str(error))
            else:
                if found is not None:
                    into.samples.append(Sample(*found))

    def _series(self, name: str, labels: dict[str, str], family: Family) -> Series:
        return self._families.series(name, labels, family.kind(name), help=family.help)
