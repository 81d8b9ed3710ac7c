"""Finds the running agent of a configuration."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from orbital_runtime.paths import runtime_dir
from orbital_runtime.settings.source.gather import gather
from orbital_runtime.telemetry.telemetry import socket_path
from orbital_sentinel.client.client import Client

if TYPE_CHECKING:
    from pathlib import Path


def client(config: Path | None, *, timeout: float = 10) -> Client:
    """A client for the agent of this configuration.

    Only the path of its socket is read, so other problems of the configuration are ignored.
    """
    node = gather(config, os.environ).root.find(("telemetry", "socket"))
    setting = str(node.value) if node is not None and node.value else ""
    return Client(socket_path(setting, runtime_dir()), timeout=timeout)
