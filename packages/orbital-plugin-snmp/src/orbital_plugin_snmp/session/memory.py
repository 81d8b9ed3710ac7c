"""What was learned of devices, kept in a file across restarts."""

from __future__ import annotations

import contextlib
import json
import logging
from typing import TYPE_CHECKING, Any, Final, cast

from orbital_plugin_snmp.walks.learned import Learned

if TYPE_CHECKING:
    from pathlib import Path

FILE: Final = "learned.json"
LARGEST: Final = 64 << 20
_log = logging.getLogger("orbital.plugin.snmp")


class Memory:
    """Learned walks by view: see `view_of`.

    Args:
        folder: Where the file is; None for nowhere.
    """

    def __init__(self, folder: Path | None) -> None:
        self._path = folder / FILE if folder else None
        self._stored = self._load()
        self._known: dict[str, Learned] = {}

    def of(self, view: str) -> Learned:
        """How what it shows is walked."""
        known = self._known.get(view)
        if known is None:
            known = Learned.from_json(self._stored.pop(view, None))
            self._known[view] = known
        return known

    def keep(self, views: set[str]) -> None:
        """Nobody reads any other; they stay in the file."""
        for view in self._known.keys() - views:
            self._stored[view] = self._known.pop(view).to_json()

    def save(self) -> None:
        """Store it, if it changed. A disk that does not take it costs nothing but the memory."""
        if self._path is None or not any(one.changed for one in self._known.values()):
            return
        mine = self._stored | {view: one.to_json() for view, one in self._known.items()}
        data = self._load() | mine  # other settings have another pool, and the same file
        fresh = self._path.with_suffix(".new")
        try:
            fresh.touch(mode=0o600)
            fresh.write_text(json.dumps(data))
            fresh.replace(self._path)
        except OSError as error:
            _log.warning("what was learned of SNMP devices cannot be stored: %s", error)
            return
        for one in self._known.values():
            one.changed = False

    def _load(self) -> dict[str, Any]:
        if self._path is None:
            return {}
        with contextlib.suppress(OSError, ValueError, RecursionError):
            if self._path.stat().st_size <= LARGEST:
                found: object = json.loads(self._path.read_text())
                if isinstance(found, dict):
                    return cast("dict[str, Any]", found)
        return {}
