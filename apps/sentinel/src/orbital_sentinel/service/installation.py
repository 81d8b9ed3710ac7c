"""Puts the service onto a machine, and takes it away again."""

from __future__ import annotations

import os
import pwd
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Final

from orbital_sentinel.errors import Failure
from orbital_sentinel.service.unit import NAME, shipped

if TYPE_CHECKING:
    from collections.abc import Iterator

PROPERTIES: Final = (
    "ActiveState", "SubState", "StatusText", "Result", "NRestarts", "MainPID", "MemoryCurrent",
    "ActiveEnterTimestamp", "UnitFileState", "FragmentPath",
)  # fmt: skip


class Installation:
    """The service on a machine.

    Args:
        root: Its root folder; another than `/` is a system that does not run, such as an image.
        config: Its configuration, absolute, as the service sees it.
    """

    def __init__(
        self, root: Path = Path("/"), config: Path = Path(f"/etc/{NAME}/config.yaml")
    ) -> None:
        self.root = root
        self.unit_file = root / f"etc/systemd/system/{NAME}.service"
        self.user_file = root / f"etc/sysusers.d/{NAME}.conf"
        self.config = root / config.relative_to("/")

    @property
    def runs(self) -> bool:
        """Whether systemd runs there (sd_booted(3))."""
        return self.root == Path("/") and Path("/run/systemd/system").is_dir()

    def install(self, unit: str, config: str) -> Iterator[str]:
        """Write everything, and enable the service. Yields what was done, as lines.

        Args:
            unit: Text of the unit.
            config: Text of a configuration to begin with, where there is none; its owner is the service.
        """
        _write(self.user_file, shipped("sysusers.conf"))
        self._run("systemd-sysusers", f"--root={self.root}", str(self.user_file))
        yield f"User {NAME} is there."
        if not self.config.exists():
            _write(self.config, config, mode=0o600)
            yield f"Wrote {self.config}; edit it."
        if self._own(self.config):
            yield f"{self.config} belongs to the user {NAME} now, so that the service can read it."
        _write(self.unit_file, unit)
        yield f"Wrote {self.unit_file}."
        if self.runs:
            self._run("systemctl", "daemon-reload")
        self._run("systemctl", f"--root={self.root}", "enable", self.unit_file.name)
        yield "It starts with the machine."

    def start(self) -> None:
        """Start or restart the service, and wait until it is ready.

        Raises:
            Failure: It did not start.
        """
        self._run("systemctl", "restart", NAME)

    def uninstall(self) -> Iterator[str]:
        """Stop the service, and remove its files; user, configuration and data stay. Yields as `install`."""
        if self.unit_file.exists():
            if self.runs:
                self._run("systemctl", "stop", NAME)
                yield "The service has stopped."
            self._run("systemctl", f"--root={self.root}", "disable", self.unit_file.name)
        for file in (self.unit_file, self.user_file):
            if file.exists():
                file.unlink()
                yield f"Removed {file}."
        if self.runs:
            self._run("systemctl", "daemon-reload")

    def properties(self) -> dict[str, str]:
        """What systemd says of the service."""
        shown = self._run("systemctl", "show", NAME, f"--property={','.join(PROPERTIES)}")
        return dict(line.split("=", 1) for line in shown.splitlines() if "=" in line)

    def _own(self, path: Path) -> bool:
        """Give a file to the service. Returns whether it belonged to somebody else."""
        uid, gid = self._user()
        if path.stat().st_uid == uid:
            return False
        os.chown(path, uid, gid)
        return True

    def _user(self) -> tuple[int, int]:
        if self.root == Path("/"):
            user = pwd.getpwnam(NAME)
            return user.pw_uid, user.pw_gid
        for line in (self.root / "etc/passwd").read_text("utf-8").splitlines():
            if line.startswith(f"{NAME}:"):
                uid, gid = line.split(":")[2:4]
                return int(uid), int(gid)
        raise Failure(f"{self.root}/etc/passwd has no user {NAME}")

    @staticmethod
    def _run(*command: str) -> str:
        try:
            done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 (ours)
        except FileNotFoundError as error:
            raise Failure(
                f"there is no {command[0]} here: is this a system with systemd?"
            ) from error
        if done.returncode:
            raise Failure(f"{' '.join(command)}: {done.stderr.strip() or done.stdout.strip()}")
        return done.stdout


def _write(path: Path, text: str, *, mode: int = 0o644) -> None:
    path.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(text)
        os.fchmod(handle, mode)
