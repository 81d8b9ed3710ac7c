"""Folders for configuration, data and sockets, by the variables of systemd and XDG, and the user."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

NAME: Final = "orbital-sentinel"


def data_dir(environ: Mapping[str, str] = os.environ) -> Path:
    """Folder for persistent data. `STATE_DIRECTORY` is set by systemd (systemd.exec(5))."""
    return _first(
        environ, "STATE_DIRECTORY", "XDG_DATA_HOME", system="/var/lib", user=".local/share"
    )


def runtime_dir(environ: Mapping[str, str] = os.environ) -> Path:
    """Folder for sockets, deleted at a reboot. `RUNTIME_DIRECTORY` is set by systemd."""
    if "RUNTIME_DIRECTORY" not in environ and "XDG_RUNTIME_DIR" not in environ and not _is_root():
        return data_dir(environ) / "run"
    return _first(environ, "RUNTIME_DIRECTORY", "XDG_RUNTIME_DIR", system="/run", user=".")


def config_dirs(environ: Mapping[str, str] = os.environ) -> list[Path]:
    """Folders that are searched for a configuration after the current one: the user's, then the system's,
    which systemd may set by `CONFIGURATION_DIRECTORY`.
    """
    home = Path(environ.get("XDG_CONFIG_HOME") or Path.home() / ".config")
    system = environ.get("CONFIGURATION_DIRECTORY", "").split(":", maxsplit=1)[0]
    return [home / NAME, Path(system or f"/etc/{NAME}")]


def _first(environ: Mapping[str, str], systemd: str, xdg: str, *, system: str, user: str) -> Path:
    if given := environ.get(systemd):
        return Path(given.split(":", maxsplit=1)[0])
    if base := environ.get(xdg):
        return Path(base) / NAME
    return Path(system) / NAME if _is_root() else Path.home() / user / NAME


def _is_root() -> bool:
    return hasattr(os, "geteuid") and os.geteuid() == 0
