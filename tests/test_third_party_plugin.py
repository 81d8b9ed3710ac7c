"""A stranger's plugin: ten lines in a folder of its own, `pip install`, found, and collecting."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
EXAMPLE = ROOT / "packages" / "orbital-sdk" / "examples" / "acme-orbital-hello"


@pytest.fixture(scope="module")
def python(tmp_path_factory) -> Path:
    """A fresh environment that holds nothing but the wheels of this workspace and what they need."""
    folder = tmp_path_factory.mktemp("install")
    uv = shutil.which("uv") or str(ROOT / ".tools" / "uv" / "bin" / "uv")
    wheels = folder / "wheels"
    subprocess.run(
        [uv, "build", "--all-packages", "--wheel", "--no-sources", "--quiet", "--out-dir", wheels],
        cwd=ROOT, check=True,
    )  # fmt: skip
    subprocess.run(
        [uv, "venv", "--quiet", "--seed", "--python", sys.executable, folder / "venv"], check=True
    )
    python = folder / "venv" / "bin" / "python"
    subprocess.run(
        [uv, "pip", "install", "--quiet", "--python", python, "--find-links", wheels, "orbital-sentinel"],
        check=True,
    )  # fmt: skip
    return python


def test_the_wheels_alone_are_a_working_agent(python, tmp_path):
    """Installed from wheels into an empty environment, the command line works and finds its plugins."""
    sentinel = python.with_name("sentinel")
    rows = json.loads(_output(sentinel, "plugins", "list", "--output", "json", cwd=tmp_path))
    names = {(row["kind"], row["name"]) for row in rows if not row["broken"]}
    assert {
        ("plugin", "ping"),
        ("plugin", "http"),
        ("writer", "prometheus"),
        ("writer", "file"),
    } <= names
    assert python.with_name("orbital-sentinel").exists()


def test_a_ten_line_plugin_is_found_and_collects(python, tmp_path):
    """`pip install` from another folder is all it takes; `run --once` delivers what it gave."""
    stranger = shutil.copytree(EXAMPLE, tmp_path / "stranger")
    subprocess.run([python, "-m", "pip", "install", "--quiet", str(stranger)], check=True)
    sentinel = python.with_name("sentinel")
    rows = json.loads(_output(sentinel, "plugins", "list", "--output", "json", cwd=tmp_path))
    (found,) = [row for row in rows if row["distribution"] == "acme-orbital-hello"]
    assert not found["broken"]
    module = next((EXAMPLE / "src").rglob("*.py"))
    lines = [line for line in module.read_text().splitlines() if line.strip()]
    code = [line for line in lines if not line.startswith(("from", "import", '"""'))]
    assert len(code) <= 12
    (tmp_path / "config.yaml").write_text(
        f"""
sender:
  mode: direct
  direct: {{file: {{path: {tmp_path}/out.jsonl}}}}
tasks:
  - {{id: stranger, plugin: {found["name"]}, interval: 10s}}
"""
    )
    _output(sentinel, "run", "--once", "--config", "config.yaml", cwd=tmp_path)
    names = {json.loads(line)["name"] for line in (tmp_path / "out.jsonl").read_text().splitlines()}
    assert "up" in names
    assert len(names) > 3  # its own besides the agent's three


def _output(program: Path, *arguments: str, cwd: Path) -> str:
    done = subprocess.run(
        [program, *arguments], cwd=cwd, capture_output=True, text=True, check=False,
        env={"HOME": str(cwd), "XDG_RUNTIME_DIR": str(cwd / "run"), "PATH": "/usr/bin:/bin"},
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout
