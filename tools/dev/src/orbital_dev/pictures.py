"""The picture in README.md: commands on a real terminal, against a running agent."""

from __future__ import annotations

import io
import json
import os
import re
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Final

from rich.console import Console
from rich.text import Text

from orbital_testbench.terminal import Terminal

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping, Sequence

COLUMNS: Final = 80
PATIENCE: Final = 60.0
"""Seconds until the agent has something to show."""
SHOWN: Final = (("tasks",), ("explain", "core-switch"))
"""The commands."""
FONTS: Final = re.compile(r"@font-face \{.*?\}\s*", re.DOTALL)
"""A picture fetches nothing from elsewhere."""
CONFIGURATION: Final = """\
sentinel: {name: edge-1, region: office}
telemetry: {listen: "127.0.0.1:0"}
sender:
  direct:
    local: {writer: file, path: samples.jsonl}
    central: {writer: prometheus, url: "http://127.0.0.1:9/api/v1/write"}
tasks:
  - {id: gateway, device_id: gw-1, plugin: ping, interval: 2s, config: {host: 127.0.0.1, count: 1}}
  - {id: core-switch, device_id: sw-1, plugin: snmp, interval: 2s, timeout: 1s,
     config: {host: 127.0.0.1, port: 9, community: public}}
  - {id: shop, device_id: shop, plugin: http, interval: 2s, config: {url: "http://127.0.0.1:9/health"}}
"""


def make(folder: Path) -> Path:
    """Make `terminal.svg` in this folder. Returns its path.

    Raises:
        RuntimeError: The agent does not start.
    """
    with TemporaryDirectory() as home, _agent(Path(home)) as environ:
        shots = [(command, _shown(command, Path(home), environ)) for command in SHOWN]
    path = folder / "terminal.svg"
    folder.mkdir(exist_ok=True)
    path.write_text(picture(shots))
    return path


def picture(shots: Sequence[tuple[Sequence[str], str]]) -> str:
    """An SVG of commands and what a terminal showed, escape sequences included."""
    console = Console(
        record=True,
        width=COLUMNS,
        file=io.StringIO(),
        force_terminal=True,
        color_system="truecolor",
    )
    for place, (command, shown) in enumerate(shots):
        console.print(Text(f"{'' if not place else chr(10)}$ sentinel {' '.join(command)}", "bold"))
        console.print(Text.from_ansi(shown.rstrip()))
    return FONTS.sub("", console.export_svg(title="sentinel", unique_id="sentinel"))


def _shown(command: Sequence[str], home: Path, environ: Mapping[str, str]) -> str:
    terminal = Terminal(COLUMNS, 24)
    process = subprocess.Popen(
        [sys.executable, "-m", "orbital_sentinel", *command],
        cwd=home, env=environ, stdin=subprocess.DEVNULL, stdout=terminal.stream, stderr=terminal.stream,
    )  # fmt: skip
    process.wait(PATIENCE)
    return terminal.end()


@contextmanager
def _agent(home: Path) -> Generator[dict[str, str]]:
    """An agent in a folder, which has something to show. Gives the environment for its commands."""
    configuration = home / "config.yaml"
    configuration.write_text(CONFIGURATION)
    configuration.chmod(0o600)
    folders = {"HOME": str(home), "XDG_DATA_HOME": str(home), "XDG_RUNTIME_DIR": str(home)}
    environ = {"PATH": os.environ["PATH"], "TERM": "xterm-256color", **folders}
    command = [sys.executable, "-m", "orbital_sentinel"]
    with (home / "log").open("wb") as log:
        agent = subprocess.Popen([*command, "start"], cwd=home, env=environ, stdout=log, stderr=log)
    try:
        end = time.monotonic() + PATIENCE
        while not _ready([*command, "status", "--output", "json"], home, environ):
            if agent.poll() is not None or time.monotonic() > end:
                raise RuntimeError(f"the agent shows nothing:\n{(home / 'log').read_text()}")
            time.sleep(1)
        yield environ
    finally:
        agent.terminate()
        agent.wait()


def _ready(command: Sequence[str], home: Path, environ: Mapping[str, str]) -> bool:
    """Whether tasks ran, and the output that nobody listens on failed."""
    done = subprocess.run(command, cwd=home, env=environ, capture_output=True, check=False)
    if done.returncode:
        return False
    told = json.loads(done.stdout)
    enough = told["tasks"]["failed"] >= 6 and told["tasks"]["success"] >= 3
    return enough and any(one["breaker"] != "closed" for one in told["outputs"])
