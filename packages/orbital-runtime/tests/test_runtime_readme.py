"""What the README shows runs."""

import contextlib
import os
import re
import signal
import socket
import subprocess
import sys
from pathlib import Path

from orbital_testbench import free_port, wait_until

README = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")


def test_an_agent_of_ones_own(tmp_path):
    """It serves, and a SIGTERM ends it in peace."""
    (shown,) = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    port = free_port()
    (tmp_path / "config.yaml").write_text(f"telemetry: {{listen: '127.0.0.1:{port}'}}\ntasks: []\n")
    with subprocess.Popen(
        [sys.executable, "-c", shown], cwd=tmp_path, env=os.environ | {"HOME": str(tmp_path)}
    ) as agent:
        try:
            wait_until(lambda: listening(port) or agent.poll() is not None)
            assert agent.poll() is None
            agent.send_signal(signal.SIGTERM)
            assert agent.wait(30) == 0
        finally:
            agent.kill()


def listening(port):
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
        return True
    return False
