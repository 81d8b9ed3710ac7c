"""What was learned of devices, kept across restarts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from orbital_plugin_snmp.walks.learned import Learned
from orbital_sdk import StateFile

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


class LearnedWalks:
    """Learned walks by view: see `view_of`.

    Args:
        folder: Of the plugin; None for nowhere.
        damaged: As of `StateFile`.
    """

    def __init__(self, folder: Path | None, damaged: Callable[[], object]) -> None:
        self._state = StateFile(folder, about="SNMP devices", damaged=damaged)
        self._known: dict[str, Learned] = {}

    def of(self, view: str) -> Learned:
        """How what it shows is walked."""
        known = self._known.get(view)
        if known is None:
            known = self._known[view] = Learned.from_json(self._state.get(view))
        return known

    def keep(self, views: set[str]) -> None:
        """Nobody reads any other; what was learned of them stays in the file."""
        for view in self._known.keys() - views:
            self._store(view, self._known.pop(view))

    def save(self) -> None:
        """Store what changed."""
        for view, known in self._known.items():
            self._store(view, known)
        self._state.save()

    def _store(self, view: str, known: Learned) -> None:
        if known.changed:
            self._state.set(view, known.to_json())
            known.changed = False
