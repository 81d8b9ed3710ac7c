"""Output of a Nagios plugin: its state is the exit status, numbers are performance data behind a `|`.

Source: https://nagios-plugins.org/doc/guidelines.html#AEN200
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from orbital_sdk import Sample

if TYPE_CHECKING:
    from collections.abc import Iterable

    from orbital_plugin_exec.formats.families import Families
    from orbital_plugin_exec.formats.reading import Reading

STATES: Final = (0, 1, 2, 3)
"""OK, warning, critical, unknown."""
_DATUM: Final = re.compile(
    r"('(?:[^']|'')+'|[^\s='|]+)=([-+]?(?:[0-9]+\.?[0-9]*|\.[0-9]+))([a-zA-Z%]*)"
)
_LIMITS: Final = ("warning", "critical", "min", "max")
_LIMIT: Final = re.compile(r";([^;\s]*)")
_NUMBER: Final = re.compile(r"[-+]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)")


class Nagios:
    """As `Format`: `nagios_value{perfdata, unit}`, and its limits where they are plain numbers.

    Args:
        families: Makes series.
    """

    def __init__(self, families: Families) -> None:
        self._families = families

    def read(self, lines: Iterable[str], into: Reading) -> None:
        """The first line is text, `|` and data; so may be a further one, behind which all is data."""
        long_data = False
        for number, line in enumerate(lines):
            text, bar, data = line.partition("|")
            if long_data:
                self._data(text, into)
            elif bar:
                self._data(data, into)
                long_data = number > 0

    def _data(self, text: str, into: Reading) -> None:
        for match in _DATUM.finditer(text):
            name = match[1].strip("'").replace("''", "'")
            labels = {"perfdata": name, "unit": match[3]}
            self._give("nagios_value", labels, float(match[2]), into)
            limits = text[match.end() :].partition(" ")[0]
            for limit, found in zip(_LIMITS, _LIMIT.findall(limits), strict=False):
                if _NUMBER.fullmatch(found):
                    self._give(f"nagios_{limit}", labels, float(found), into)

    def _give(self, name: str, labels: dict[str, str], value: float, into: Reading) -> None:
        into.samples.append(Sample(self._families.series(name, labels), value))
