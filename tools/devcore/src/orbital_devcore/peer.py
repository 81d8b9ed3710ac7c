"""Speaks to a devcore as sentinels and people do: for tests."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import requests

if TYPE_CHECKING:
    from orbital_devcore.core import Core

HOST: Final = {
    "name": "edge-1", "hostname": "host-a", "version": "1.0.0", "os": "linux", "arch": "amd64",
}  # fmt: skip


class Peer:
    """One that knows the server's address, and its inside.

    Args:
        address: Of the server.
        core: The server itself.
    """

    def __init__(self, address: str, core: Core) -> None:
        self.address, self.core = address, core
        self.headers: dict[str, str] = {}
        """Sent with each call; `register` fills them."""

    def call(self, method: str, path: str, body: Any = None, **more: Any) -> requests.Response:
        """Any call; bytes go out as they are, everything else as JSON."""
        given: dict[str, Any] = {"data": body} if isinstance(body, bytes) else {"json": body}
        headers = self.headers | more.pop("headers", {})
        url = self.address + path
        return requests.request(method, url, headers=headers, timeout=10, **given, **more)

    def data(self, method: str, path: str, body: Any = None) -> Any:
        """What stands under `data` of an answer that has to be 200."""
        answer = self.call(method, path, body)
        if answer.status_code != 200:
            raise AssertionError(f"{method} {path} answered {answer.status_code}: {answer.text}")
        return answer.json().get("data")

    def register(self, **more: Any) -> dict[str, Any]:
        """Become a sentinel."""
        found = self.data("POST", "/api/v1/sentinels/register", HOST | more)
        self.headers = {"X-Sentinel-ID": found["sentinel_id"], "X-API-Token": found["api_token"]}
        return found

    def ingest(self, *metrics: dict[str, Any]) -> requests.Response:
        return self.call("POST", "/api/v1/data/ingest", {"metrics": list(metrics)})

    def device(self, **more: Any) -> str:
        """Make a device; gives its id."""
        body = {"name": "sw1", "device_type": "switch", "connection_config": {"host": "10.0.0.1"}}
        return self.data("POST", "/api/v1/devices", body | more)["device_id"]

    def task(self, device: str, **more: Any) -> str:
        """Make a task; gives its id."""
        body = {"device_id": device, "plugin_name": "ping", "interval_seconds": 300}
        return self.data("POST", "/api/v1/tasks", body | more)["task_id"]

    def samples(self, name: str | None = None, limit: int = 100_000) -> list[dict[str, Any]]:
        """What arrived, newest first."""
        query = f"?limit={limit}" + (f"&name={name}" if name else "")
        return self.data("GET", f"/dev/samples{query}")["samples"]

    def runs(self, task: str) -> list[dict[str, Any]]:
        """Reports of a task, newest first."""
        return self.data("GET", f"/dev/executions?task_id={task}&limit=100000")

    def fault(self, **fault: Any) -> None:
        """Ask for one; `cure` takes all back."""
        self.data("POST", "/dev/faults", fault)

    def cure(self) -> None:
        self.data("DELETE", "/dev/faults")
