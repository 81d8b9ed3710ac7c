"""What a walk gave."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from orbital_plugin_snmp.wire.smi import VarBind


@dataclass(slots=True)
class Walked:
    """What walking some columns gave."""

    columns: dict[bytes, list[VarBind]] = field(default_factory=dict[bytes, "list[VarBind]"])
    """Column -> its varbinds, in order. Empty for one that the device does not have."""
    problems: dict[bytes, str] = field(default_factory=dict[bytes, str])
    """Column -> why its walk ended early; what came before is in `columns`."""
