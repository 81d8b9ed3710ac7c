"""Programs in Node.js, with what their `package-lock.json` names."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
from typing import TYPE_CHECKING

from orbital_testbench.cache import alone, cache
from orbital_testbench.programs import find_program

if TYPE_CHECKING:
    from pathlib import Path


class NpmError(RuntimeError):
    """The packages of a program cannot be installed; the text is what npm said."""


def node_modules(program: Path) -> Path:
    """The folder `node_modules` of the program in this folder, installed once on this machine.

    Raises:
        MissingProgramError: There is no Node.js, or no npm.
        NpmError: The registry is out of reach, or gave other bytes than the lock names.
    """
    npm = find_program("npm", "npm")
    find_program("node", "nodejs")
    lock = program / "package-lock.json"
    home = cache() / f"node-{hashlib.sha256(lock.read_bytes()).hexdigest()[:8]}"
    with alone("node"):
        if not home.exists():
            _install(npm, program, home)
    return home / "node_modules"


def _install(npm: str, program: Path, home: Path) -> None:
    fresh = home.with_name(f"{home.name}.new")
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir()
    for name in ("package.json", "package-lock.json"):
        shutil.copy(program / name, fresh)
    command = [npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
    done = subprocess.run(command, cwd=fresh, check=False, capture_output=True, text=True)
    if done.returncode:
        raise NpmError(f"npm ci for {program.name} failed:\n{done.stderr}")
    fresh.rename(home)
