"""Where things live: configuration, data, sockets. systemd's and XDG's variables decide, then the user."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

NAME: Final = "orbital-sentinel"


def data_dir(environ: Mapping[str, str] = os.environ) -> Path:
    """What must survive a restart. `STATE_DIRECTORY` is systemd's (systemd.exec(5))."""
    return _first(
        environ, "STATE_DIRECTORY", "XDG_DATA_HOME", system="/var/lib", user=".local/share"
    )


def runtime_dir(environ: Mapping[str, str] = os.environ) -> Path:
    """Sockets; gone after a reboot. `RUNTIME_DIRECTORY` is systemd's."""
    if "RUNTIME_DIRECTORY" not in environ and "XDG_RUNTIME_DIR" not in environ and not _is_root():
        return data_dir(environ) / "run"
    return _first(environ, "RUNTIME_DIRECTORY", "XDG_RUNTIME_DIR", system="/run", user=".")


def config_dirs(environ: Mapping[str, str] = os.environ) -> list[Path]:
    """Where a configuration is looked for, after the present folder: the user's, then the system's, which
    `CONFIGURATION_DIRECTORY` of systemd may name.
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
