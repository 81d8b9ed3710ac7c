"""The types that third parties rely on."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

API = Path(__file__).parent / "typing" / "api.py"
SOURCES = Path(__file__).parents[1] / "src"


def run(*command, folder):
    """What a checker says; empty if it is content."""
    done = subprocess.run(
        [sys.executable, "-m", *command], cwd=folder, capture_output=True, text=True, check=False
    )
    return "" if done.returncode == 0 else done.stdout + done.stderr


@pytest.mark.parametrize("path", [API, SOURCES], ids=["api", "sources"])
def test_mypy_is_content_in_strict_mode(path, tmp_path):
    """The public API says what it takes and gives, and sees each wrong use in `api.py`."""
    options = ["--strict", "--python-version=3.11", f"--cache-dir={tmp_path}"]
    assert run("mypy", *options, str(path), folder=tmp_path) == ""


def test_pyright_is_content_in_strict_mode(tmp_path):
    """Likewise with pyright, which editors use."""
    settings = {
        "include": [str(API)],
        "typeCheckingMode": "strict",
        "pythonVersion": "3.11",
        "reportUnnecessaryTypeIgnoreComment": "error",
    }
    (tmp_path / "pyrightconfig.json").write_text(json.dumps(settings))
    options = ["-p", str(tmp_path), "--pythonpath", sys.executable]
    assert run("pyright", *options, folder=tmp_path) == ""


def test_the_package_says_that_it_is_typed():
    """Without py.typed no checker would look."""
    assert (SOURCES / "orbital_sdk" / "py.typed").exists()
