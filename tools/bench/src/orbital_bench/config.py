"""Configuration files for the agent and its peers in a benchmark."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import yaml

if TYPE_CHECKING:
    from pathlib import Path

Task = Mapping[str, Any]


class Keeping(NamedTuple):
    """Where samples wait in ours, and how often they are sent where they fill no request before."""

    name: str
    buffer: dict[str, Any]


_DISK: Final = {"type": "disk", "disk_path": "buffer"}
MEMORY: Final = Keeping("memory, 10 s", {})
"""As it comes."""
DISK: Final = Keeping("disk, 10 s", _DISK)
"""As who wants to lose nothing has it: synced at each write."""
EQUAL: Final = Keeping("disk, 1 s", _DISK | {"flush_interval": "1s"})
"""As often as vmagent sends."""
KEEPING: Final = (
    ("buffer, flush_interval", "in each row: memory (default) or disk (synced); 10 s (default) or 1 s",
     "queue in memory while the server takes it (default), flushInterval 1 s (default)"),
    ("batch_size", "6,000 (default)", "maxBlockSize 8 MiB, maxRowsPerBlock 10,000 (default)"),
)  # fmt: skip
"""What the two have to hold samples, for a table of settings."""


def agent(
    folder: Path, *, write_url: str, listen: str, tasks: Iterable[Task], **sections: Any
) -> Path:
    """A configuration that runs these tasks and writes to one remote-write address."""
    path = folder / "config.yaml"
    settings: dict[str, Any] = {
        "sentinel": {"id": "bench", "name": "bench"},
        "sender": {
            "mode": "direct",
            "batch_size": 6000,
            "direct": {"victoria_metrics": {"enabled": True, "url": write_url}},
        },
        "telemetry": {"listen": listen},
        "logging": {"format": "text", "level": "warn"},
        "tasks": list(tasks),
        **sections,
    }
    path.write_text(yaml.safe_dump(settings, sort_keys=False))
    path.chmod(0o600)
    return path


def tasks(count: int, plugin: str, interval: str, fields: Mapping[str, Any]) -> list[Task]:
    """Equal tasks for made-up devices; `{n}` in a field is the number of the device, from 1."""
    return [
        {
            "id": f"{plugin}-{n}",
            "device_id": f"device-{n}",
            "plugin": plugin,
            "interval": interval,
            "timeout": "5s",
            "config": {k: v.format(n=n) if isinstance(v, str) else v for k, v in fields.items()},
        }
        for n in range(1, count + 1)
    ]


def blackbox_scrape(*, blackbox: str, module: str, targets: list[str], interval: str) -> str:
    """Vmagent asks blackbox_exporter (host:port) about every target, as their documents show it."""
    job = {
        "job_name": module,
        "scrape_interval": interval,
        "metrics_path": "/probe",
        "params": {"module": [module]},
        "static_configs": [{"targets": targets}],
        "relabel_configs": [
            {"source_labels": ["__address__"], "target_label": "__param_target"},
            {"source_labels": ["__param_target"], "target_label": "instance"},
            {"target_label": "__address__", "replacement": blackbox},
        ],
    }
    return yaml.safe_dump({"scrape_configs": [job]})
