"""What a plugin remembers across restarts: JSON values by key, in one file of its folder."""

from __future__ import annotations

import asyncio
import json
import logging
import os
from typing import TYPE_CHECKING, Any, Final, cast

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

_log: Final = logging.getLogger("orbital.plugin")


class StateFile:
    """JSON values by key, in one file.

    All instances of a plugin share its folder, and so may two processes: saving merges the new values into
    the file as it is then. The file is replaced atomically and readable by its owner alone (0600). If the
    disk refuses it, values stay in memory; a power cut may leave an old or damaged file. So store only what
    can be found out again.

    Args:
        folder: The plugin's folder; None: values are kept in memory only.
        about: What the values are, for the log: `Modbus units`.
        name: Name of the file.
        most: Keys at most; the least recently set are dropped.
        largest: Bytes of the file at most.
        damaged: Called for each file that was set aside as damaged: a counter's `add`.
    """

    def __init__(
        self,
        folder: Path | None,
        *,
        about: str,
        name: str = "learned.json",
        most: int = 100_000,
        largest: int = 64 << 20,
        damaged: Callable[[], object] = lambda: None,
    ) -> None:
        self._path = folder / name if folder else None
        self._about, self._most, self._largest = about, most, largest
        self._fresh: dict[str, Any] = {}
        self._stored: dict[str, Any] = {}
        self._seen: tuple[int, int, int] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._damaged = damaged

    def get(self, key: str) -> Any:
        """The last value of this key, from this process or an earlier one; None if there is none.

        It may come from a file that somebody edited, so check it.
        """
        return self._fresh[key] if key in self._fresh else self._load().get(key)

    def set(self, key: str, value: object) -> None:
        """Set a JSON value. It is written with the next save."""
        self._fresh.pop(key, None)
        self._fresh[key] = value
        if len(self._fresh) > self._most:
            del self._fresh[next(iter(self._fresh))]

    def save_soon(self, seconds: float = 5.0) -> None:
        """Save in so many seconds, once, with all values set until then. Needs a running event loop."""
        if self._timer is None and self._path is not None:
            self._timer = asyncio.get_running_loop().call_later(seconds, self.save)

    def save(self) -> None:
        """Write new values. If that fails it is logged, and they are kept for the next save."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._path is None or not self._fresh:
            return
        older = {key: value for key, value in self._load().items() if key not in self._fresh}
        try:
            data = self._written(entries := older | self._fresh)
            seen = self._replace(self._path, data)
        except OSError as error:
            self._warn(f"cannot be stored in {self._path}: {error.strerror or error}")
            return
        if len(entries) <= self._most and len(data) > 2:  # all of them: it need not be read again
            self._stored, self._seen = entries, seen
        self._fresh = {}

    def _written(self, entries: dict[str, Any]) -> bytes:
        """The latest of them, as many as there is room for."""
        kept = list(entries.items())[-self._most :]
        data = json.dumps(dict(kept)).encode()
        while len(data) > self._largest:
            kept = kept[len(kept) // 2 + 1 :]
            self._warn(f"is more than {self._largest} bytes: {len(kept)} values are kept")
            data = json.dumps(dict(kept)).encode()
        return data

    @staticmethod
    def _replace(path: Path, data: bytes) -> tuple[int, int, int]:
        """A reader sees the old file or the new one."""
        beside = path.with_name(f"{path.name}.new")
        beside.unlink(missing_ok=True)
        with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(data)
            file.flush()
            status = os.fstat(file.fileno())
        beside.replace(path)
        return status.st_ino, status.st_mtime_ns, status.st_size

    def _load(self) -> dict[str, Any]:
        """What the file has; it is read again only when it has changed."""
        if self._path is None:
            return {}
        try:
            status = self._path.stat()
            seen = status.st_ino, status.st_mtime_ns, status.st_size
            if seen != self._seen:
                self._seen, self._stored = seen, {}
                self._stored = self._read(self._path, status.st_size)
        except FileNotFoundError:
            self._seen, self._stored = None, {}
        except OSError as error:
            self._warn(f"cannot be read from {self._path}: {error.strerror or error}")
        return self._stored

    def _read(self, path: Path, size: int) -> dict[str, Any]:
        problem = f"it is larger than {self._largest} bytes"
        if size <= self._largest:
            try:
                found: object = json.loads(path.read_bytes())
            except (ValueError, RecursionError) as error:
                problem = str(error)
            else:
                if isinstance(found, dict):
                    return cast("dict[str, Any]", found)
                problem = "it holds no JSON object"
        self._set_aside(path, problem)
        return {}

    def _set_aside(self, path: Path, problem: str) -> None:
        aside = path.with_name(f"{path.name}.damaged")
        path.replace(aside)
        self._damaged()
        self._warn(f"begins anew: {path} is damaged ({problem}); it is {aside.name} now")

    def _warn(self, message: str) -> None:
        _log.warning("what is known of %s %s", self._about, message)
