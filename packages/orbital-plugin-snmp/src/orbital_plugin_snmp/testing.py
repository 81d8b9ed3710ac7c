"""For tests of profiles: a device that is a dictionary."""

from __future__ import annotations

from typing import TYPE_CHECKING

from orbital_plugin_snmp import oids
from orbital_plugin_snmp.engines.cost import Cost
from orbital_plugin_snmp.walks.walked import Walked
from orbital_plugin_snmp.wire.smi import (
    COUNTER32,
    COUNTER64,
    FLOAT,
    INTEGER,
    NO_SUCH_OBJECT,
    OBJECT_IDENTIFIER,
    OCTET_STRING,
    TIME_TICKS,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from orbital_plugin_snmp.wire.smi import Value, VarBind

TAGS = {
    "counter": COUNTER32, "counter64": COUNTER64, "ticks": TIME_TICKS, "integer": INTEGER,
    "oid": OBJECT_IDENTIFIER,
}  # fmt: skip
Given = int | float | str | bytes | tuple[str, int | str]
"""A number, a text, octets, or a kind of TAGS with its value."""


class FakeReader:
    """A `Reader` of a device whose objects are given.

    >>> reader = FakeReader({"1.3.6.1.2.1.1.3.0": ("ticks", 100), "1.3.6.1.2.1.2.2.1.2.1": "lo"})
    >>> reader.objects["1.3.6.1.2.1.2.2.1.2.1"] = "lo0"            # it changes
    >>> reader.broken["1.3.6.1.2.1.2.2.1.10"] = NoAnswer("nobody")  # this column fails
    """

    def __init__(self, objects: Mapping[str, Given]) -> None:
        self.objects = dict(objects)
        self.broken: dict[str, Exception | str] = {}
        """Column -> what walking it raises, or why its walk ends early."""
        self.absent: set[str] = set()
        """Columns that the device is known to lack: nobody asks for them."""
        self.before_get: Callable[[], None] | None = None
        """Called once, before the next scalars are read: something happens in mid-poll."""
        self.walked: list[list[str]] = []
        """The columns of each walk, in order."""
        self.asked: list[list[str]] = []
        """The instances of each GET, in order."""
        self._cost = Cost()

    def look_again(self) -> None:
        """As `Reader.look_again`."""
        self.absent.clear()

    @property
    def cost(self) -> Cost:
        """What was asked so far, a packet each."""
        return self._cost

    async def get(self, wanted: Sequence[bytes]) -> list[VarBind]:
        """As `Reader.get`."""
        happening, self.before_get = self.before_get, None
        if happening is not None:
            happening()
        self._cost.packets += 1
        self.asked.append([oids.text(oid) for oid in wanted])
        self._raise(self.asked[-1])
        self._cost.values += len(wanted)
        found = {oids.encode(name): _varbind(name, value) for name, value in self.objects.items()}
        return [found.get(oid, (oid, NO_SUCH_OBJECT, None)) for oid in wanted]

    async def walk(self, columns: Sequence[bytes], *, table: str = "") -> Walked:
        """As `Reader.walk`."""
        names = [oids.text(column) for column in columns]
        if self.absent.issuperset(names):
            return Walked({column: [] for column in columns})
        self._cost.packets += 1
        self.walked.append(names)
        self._raise(names)
        self._cost.values += len(names)
        walked = Walked()
        for name, column in zip(names, columns, strict=True):
            walked.columns[column] = self._column(name)
            if name in self.broken:
                walked.problems[column] = str(self.broken[name])
        return walked

    def _raise(self, names: Sequence[str]) -> None:
        for name in names:
            error = self.broken.get(name)
            if isinstance(error, Exception):
                raise error

    def _column(self, name: str) -> list[VarBind]:
        inside = {key: value for key, value in self.objects.items() if key.startswith(f"{name}.")}
        return [
            _varbind(key, inside[key])
            for key in sorted(inside, key=lambda key: tuple(map(int, key.split("."))))
        ]


def _varbind(name: str, given: Given) -> VarBind:
    tag, value = _typed(given)
    return oids.encode(name), tag, value


def _typed(given: Given) -> tuple[int, Value]:
    if isinstance(given, tuple):
        kind, value = given
        return TAGS[kind], oids.encode(value) if isinstance(value, str) else value
    if isinstance(given, str):
        return OCTET_STRING, given.encode()
    if isinstance(given, bytes):
        return OCTET_STRING, given
    return (INTEGER if isinstance(given, int) else FLOAT), given
