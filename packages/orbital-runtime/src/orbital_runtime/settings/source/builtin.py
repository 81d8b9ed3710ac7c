"""The built-in configuration: watch this machine and write to a local file."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

from orbital_runtime.paths import data_dir
from orbital_runtime.plugins.offers import find
from orbital_runtime.settings.model.agent import TelemetrySection, split_listen

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from pathlib import Path

    from orbital_runtime.settings.model.addition import Addition

_TEXT: Final = """\
buffer:
  flush_interval: 1s # first samples appear at once
sender:
  mode: direct
  direct:
    file:
      path: {path}
tasks:
"""
_PING: Final = """\
  - id: ping-this-machine
    device_id: this-machine
    plugin: ping
    interval: 5s
    config:
      host: 127.0.0.1
"""
_HEALTH: Final = """\
  - id: own-health
    device_id: this-sentinel
    plugin: http
    interval: 5s
    config:
      url: {url}
"""


def samples_file(environ: Mapping[str, str]) -> Path:
    """The file that the built-in configuration writes to."""
    return data_dir(environ) / "samples.jsonl"


def builtin(
    environ: Mapping[str, str],
    installed: Collection[str] | None = None,
    added: Sequence[Addition] = (),
) -> str:
    """The built-in configuration as text: that of an extension, if one has any.

    Otherwise it watches this machine with ping, and the agent's health page with http if its address is
    known, as far as these plugins are installed (`installed`: names of plugins, discovered if not given).
    """
    for one in added:
        if text := one.builtin():
            return text
    path = json.dumps(str(samples_file(environ)), ensure_ascii=False).replace("${", "$${")
    url = _own_health(environ)
    tasks = {"ping": _PING, "http": _HEALTH.format(url=json.dumps(url)) if url else ""}
    if installed is None:
        installed = {offer.name for offer in find(environ) if offer.kind == "plugin"}
    ours = "".join(text for name, text in tasks.items() if name in installed)
    return _TEXT.format(path=path) + (ours or "  []\n")


def _own_health(environ: Mapping[str, str]) -> str:
    if environ.get("SENTINEL_TELEMETRY__ENABLED", "").lower() in ("false", "no", "off", "0"):
        return ""
    try:
        listen = environ.get("SENTINEL_TELEMETRY__LISTEN") or TelemetrySection().listen
        host, port = split_listen(listen)
    except ValueError:  # the check of this key says so
        return ""
    host = {"": "127.0.0.1", "0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 (compared, not bound)
    return f"http://{f'[{host}]' if ':' in host else host}:{port}/healthz" if port else ""
