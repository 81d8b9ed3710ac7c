"""Remembers what answers look like, request by request."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from orbital_plugin_snmp.wire.skeleton import Skeleton, skeleton
from orbital_plugin_snmp.wire.varbinds import read_varbinds

if TYPE_CHECKING:
    from orbital_plugin_snmp.wire.pdu import Request
    from orbital_plugin_snmp.wire.smi import VarBind

KEPT: Final = 256
"""Requests of one device whose answers are remembered."""
TRUST: Final = 4
"""Answers in a row that may look another way until no more patterns are made of them ..."""
LATER: Final = 32
"""... for as many answers."""


class Repeats:
    """What one device answered to each request."""

    __slots__ = ("_known",)

    def __init__(self) -> None:
        self._known: dict[Request, Remembered] = {}

    def read(self, request: Request, data: bytes, begin: int, stop: int) -> list[VarBind]:
        """As `read_varbinds`; faster where the last answer to this request looked the same.

        Raises:
            WireError: They are not varbinds.
        """
        known = self._known.get(request)
        if known is None:
            if len(self._known) >= KEPT:
                self._known.clear()
            self._known[request] = Remembered()
            return read_varbinds(data, begin, stop)
        return known.read(data, begin, stop)


class Remembered:
    """The last answer to one request. A first answer is not remembered: there may be no second."""

    __slots__ = ("_skeleton", "_trust")

    def __init__(self) -> None:
        self._skeleton: Skeleton | None = None
        self._trust = TRUST

    def read(self, data: bytes, begin: int, stop: int) -> list[VarBind]:
        """As `Repeats.read`."""
        content = data[begin:stop]
        if self._skeleton is not None:
            varbinds = self._skeleton.read(content)
            if varbinds is not None:
                self._trust = TRUST
                return varbinds
        varbinds = read_varbinds(data, begin, stop)
        self._trust -= 1
        if self._trust > 0:
            self._skeleton = skeleton(content, varbinds)
        elif self._trust <= -LATER:
            self._trust = TRUST
        return varbinds
