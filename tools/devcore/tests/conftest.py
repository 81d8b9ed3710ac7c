"""A server in either mood, and a sentinel that is registered with it."""

from __future__ import annotations

from typing import Any

import pytest
import requests

from orbital_devcore.core import Core
from orbital_devcore.serving import serving

HOST = {"name": "edge-1", "hostname": "host-a", "version": "1.0.0", "os": "linux", "arch": "amd64"}


class Peer:
    """Speaks to a devcore as sentinels and people do."""

    def __init__(self, address: str, core: Core) -> None:
        self.address, self.core = address, core
        self.headers: dict[str, str] = {}

    def call(self, method: str, path: str, body: Any = None, **more: Any) -> requests.Response:
        given = {"data": body} if isinstance(body, bytes) else {"json": body}
        headers = self.headers | more.pop("headers", {})
        return requests.request(
            method, self.address + path, headers=headers, timeout=10, **given, **more
        )

    def data(self, method: str, path: str, body: Any = None) -> Any:
        answer = self.call(method, path, body)
        assert answer.status_code == 200, answer.text
        return answer.json().get("data")

    def register(self, **more: Any) -> dict[str, Any]:
        found = self.data("POST", "/api/v1/sentinels/register", HOST | more)
        self.headers = {"X-Sentinel-ID": found["sentinel_id"], "X-API-Token": found["api_token"]}
        return found

    def ingest(self, *metrics: dict[str, Any]) -> requests.Response:
        return self.call("POST", "/api/v1/data/ingest", {"metrics": list(metrics)})

    def device(self, **more: Any) -> str:
        body = {"name": "sw1", "device_type": "switch", "connection_config": {"host": "10.0.0.1"}}
        return self.data("POST", "/api/v1/devices", body | more)["device_id"]

    def task(self, device: str, **more: Any) -> str:
        body = {"device_id": device, "plugin_name": "ping", "interval_seconds": 300}
        return self.data("POST", "/api/v1/tasks", body | more)["task_id"]


@pytest.fixture
def sane():
    core = Core()
    with serving(core) as address:
        yield Peer(address, core)


@pytest.fixture
def quirky():
    core = Core(quirks=True)
    with serving(core) as address:
        yield Peer(address, core)


@pytest.fixture(params=["sane", "quirky"])
def peer(request):
    """Both moods, one after the other."""
    return request.getfixturevalue(request.param)
