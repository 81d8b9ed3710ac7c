"""What a task reads a device with."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

    from orbital_plugin_snmp.engines.cost import Cost
    from orbital_plugin_snmp.walks.walked import Walked
    from orbital_plugin_snmp.wire.smi import VarBind


class Reader(Protocol):
    """One device for one run of one task. Its calls may run beside each other.

    They raise what `engines.port.Session` raises, `TooBig` left out.
    """

    async def get(self, oids: Sequence[bytes]) -> list[VarBind]:
        """Any number of instances, in the order asked. What is missing has a tag of `smi.EXCEPTIONS`."""
        ...

    async def walk(self, columns: Sequence[bytes], *, table: str = "") -> Walked:
        """Some columns of one table. The first column that fails leaves the others standing.

        Args:
            columns: Each is walked once, however many tasks of this moment ask for it.
            table: Its name, for messages.
        """
        ...

    def look_again(self) -> None:
        """The device started again: ask for what it was found to lack, too."""
        ...

    @property
    def cost(self) -> Cost:
        """What this run has cost so far."""
        ...
