"""The last configuration that worked, kept for a start with a file that has errors since."""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import TYPE_CHECKING, Final

import msgspec

from orbital_runtime import paths
from orbital_runtime.settings import Fallback, Loaded, SettingsError, load
from orbital_runtime.settings.source import files
from orbital_runtime.settings.source.kept import KeptTexts
from orbital_sdk.files import write_private

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from orbital_runtime.clock import Clock
    from orbital_runtime.plugins.registry import Registry

log = logging.getLogger("orbital.agent")

NAME: Final = "last-good.json"
"""In the data folder, 0600. It has the files as they are, without what they take from the environment."""


def keep(loaded: Loaded, environ: Mapping[str, str], clock: Clock) -> None:
    """Keep this configuration, which is in effect. Not if it is built in, or was kept itself; nothing is
    written if it is known already.
    """
    if loaded.path is None or loaded.fallback is not None:
        return
    path = paths.data_dir(environ) / NAME
    known = _read(path)
    now = KeptTexts(str(loaded.path.absolute()), clock.utc_ms(), dict(loaded.texts))
    if known is not None and (known.path, known.texts) == (now.path, now.texts):
        return
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_private(path, [msgspec.json.encode(now)])
    except OSError as error:
        log.warning("the last good configuration cannot be kept in %s: %s", path, error.strerror)


def load_last_good(
    path: Path | None, environ: Mapping[str, str], registry: Registry, refused: SettingsError
) -> Loaded:
    """The configuration that was kept last for this file.

    Args:
        path: The file; None to search for one.
        environ: For `${NAME}`, overrides and folders, of today.
        registry: Installed parts.
        refused: The errors of the file.

    Raises:
        SettingsError: There is none, or it cannot be used either: the errors of the file.
    """
    kept = _read(paths.data_dir(environ) / NAME)
    file = path or files.first(environ)
    if kept is None or file is None or kept.path != str(file.absolute()):
        raise refused
    try:
        loaded = load(path, environ, registry=registry, place=kept)
    except SettingsError:  # of lines that are not in the file any more
        raise refused from None
    problems = tuple(str(problem) for problem in refused.problems)
    # seen=(): a file that was corrected in this moment is noticed at the first look
    return replace(loaded, fallback=Fallback(kept.kept_ms, problems), seen=())


def _read(path: Path) -> KeptTexts | None:
    try:
        return msgspec.json.decode(path.read_bytes(), type=KeptTexts)
    except (OSError, msgspec.DecodeError):
        return None
