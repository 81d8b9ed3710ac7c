"""Finds the running agent that a command means."""

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

    Only where its socket is matters here: a configuration that went bad meanwhile does not hide the agent.
    """
    node = gather(config, os.environ).root.find(("telemetry", "socket"))
    setting = str(node.value) if node is not None and node.value else ""
    return Client(socket_path(setting, runtime_dir()), timeout=timeout)
