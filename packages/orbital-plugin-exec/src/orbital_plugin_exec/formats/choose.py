"""A format by its name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from orbital_plugin_exec.formats.influx import Influx
from orbital_plugin_exec.formats.json_lines import JsonLines
from orbital_plugin_exec.formats.nagios import Nagios
from orbital_plugin_exec.formats.prometheus import Prometheus

if TYPE_CHECKING:
    from collections.abc import Callable

    from orbital_plugin_exec.formats.families import Families
    from orbital_plugin_exec.formats.reading import Format
    from orbital_plugin_exec.settings import FormatName

_FORMATS: Final[dict[str, Callable[[Families], Format]]] = {
    "influx": Influx,
    "json": JsonLines,
    "nagios": Nagios,
    "prometheus": Prometheus,
}


def new_format(name: FormatName, families: Families) -> Format:
    """A reader of this format, for one program."""
    return _FORMATS[name](families)
