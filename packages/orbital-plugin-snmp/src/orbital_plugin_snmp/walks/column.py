"""One column on its way: where it stands, and when it is over."""

from __future__ import annotations

from operator import lt
from typing import TYPE_CHECKING, Final

from orbital_plugin_snmp import oids
from orbital_plugin_snmp.wire.smi import END_OF_MIB_VIEW, NO_SUCH_INSTANCE, NO_SUCH_OBJECT

if TYPE_CHECKING:
    from orbital_plugin_snmp.wire.smi import VarBind

ENDS: Final = frozenset({END_OF_MIB_VIEW, NO_SUCH_INSTANCE, NO_SUCH_OBJECT})
HEADERS: Final = 6
"""Bytes of a varbind around its OID and value, which are shorter than 128 nearly always."""
USUAL: Final = 24.0
"""Bytes of a varbind of which nothing is known."""
LOOP: Final = "its OIDs do not increase, so that the walk would never end"


class ColumnWalk:
    """The walk of one column.

    Args:
        column: Its OID.
    """

    __slots__ = ("column", "cursor", "over", "problem", "rows")

    def __init__(self, column: bytes) -> None:
        self.column = column
        self.cursor = column
        """The OID whose successor is asked for next."""
        self.rows: list[VarBind] = []
        self.over = False
        self.problem = ""
        """Why it ended early."""

    def take(self, part: list[VarBind]) -> None:
        """The next varbinds of this column, in order; perhaps with some of what follows it."""
        part = self._within(part)
        if not part:
            return
        names = [self.cursor, *[oid for oid, _, _ in part]]
        if not all(map(lt, names, names[1:])):
            part = self._increasing(part)
        if part:
            self.rows += part
            self.cursor = part[-1][0]

    def repeat(self, part: list[VarBind], count: int, cursor: bytes, over: bool) -> None:  # noqa: FBT001 (a `Leg`'s end)
        """As `take`, where the same OIDs came before: what they mean is known."""
        self.rows += part[:count]
        self.cursor, self.over = cursor, over

    def stop(self, problem: str) -> None:
        """End it early, with what came."""
        self.over, self.problem = True, problem

    def _within(self, part: list[VarBind]) -> list[VarBind]:
        """Without what lies behind the column's end. Ends the walk if that was reached."""
        column = self.column
        oid, tag, _ = part[-1]
        if oid.startswith(column) and tag not in ENDS:
            return part
        for count, (oid, tag, _) in enumerate(part):
            if not oid.startswith(column) or tag in ENDS:
                self.over = True
                return part[:count]
        return part

    def _increasing(self, part: list[VarBind]) -> list[VarBind]:
        """The octets do not increase. Where the numbers do, all is well; else this is the end."""
        before = oids.decode_parts(self.cursor)
        for count, varbind in enumerate(part):
            now = _numbers(varbind[0])
            if now <= before:
                self.stop(LOOP)
                return part[:count]
            before = now
        return part

    @property
    def size(self) -> float:
        """Bytes of a varbind on average, measured at the first ones; of an unknown column, a usual one."""
        some = self.rows[:8]
        return sum(map(_octets, some)) / len(some) if some else USUAL


def _octets(varbind: VarBind) -> int:
    """What a varbind takes, and room for a number to grow by one octet."""
    oid, _, value = varbind
    if isinstance(value, int):
        return HEADERS + len(oid) + (value.bit_length() >> 3) + 2
    return HEADERS + len(oid) + (len(value) if isinstance(value, bytes) else 11)


def _numbers(oid: bytes) -> tuple[int, ...]:
    """Sub-identifiers; of an OID that is none, nothing, which is smaller than everything."""
    try:
        return oids.decode_parts(oid)
    except ValueError:
        return ()
