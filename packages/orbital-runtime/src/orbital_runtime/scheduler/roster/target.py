"""The target of a task, from the fields `url`, `host` and `port` of its device."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from orbital_sdk import DeviceFields

PORTS: Final = {"http": 80, "https": 443}
"""Default ports of URLs."""


def target_of(device: DeviceFields) -> str:
    """`host:port`, or `host` if there is no port; empty if unknown."""
    fields = vars(device)
    if url := fields.get("url"):
        return _of_url(str(url))
    host, port = fields.get("host"), fields.get("port")
    return f"{host}:{port}" if host and port else str(host or "")


def _of_url(url: str) -> str:
    try:
        parts = urlsplit(url)
        port = parts.port or PORTS.get(parts.scheme, 0)
    except ValueError:
        return ""
    return f"{parts.hostname}:{port}" if parts.hostname else ""
