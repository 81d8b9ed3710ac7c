"""A forward proxy for HTTP and, by CONNECT, for everything else."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING, ClassVar

from orbital_testbench.server import Server

if TYPE_CHECKING:
    from pathlib import Path


class TinyProxy(Server):
    """tinyproxy on loopback.

    Args:
        folder: For its configuration and its log.
        user: Who may use it; empty lets everybody.
        password: Of that user.
    """

    program: ClassVar[str] = "tinyproxy"
    package: ClassVar[str] = "tinyproxy-bin"

    def __init__(
        self, folder: Path, *, user: str = "", password: str = "", port: int | None = None
    ) -> None:
        super().__init__(folder, port=port)
        self.user, self.password = user, password

    @property
    def asked(self) -> list[str]:
        """What clients asked for: `CONNECT host:port HTTP/1.1`, `GET http://...`."""
        lines = (line.partition("): ")[2] for line in self.log.splitlines() if "Request (" in line)
        return [line for line in lines if line]

    def prepare(self) -> None:
        login = [f"BasicAuth {self.user} {self.password}"] if self.user else []
        lines = [
            f"Port {self.port}",
            f"Listen {self.host}",
            "Timeout 60",
            "LogLevel Connect",
            *login,
        ]
        (self.folder / "tinyproxy.conf").write_text("\n".join(lines) + "\n")

    def arguments(self) -> list[str]:
        return ["-d", "-c", str(self.folder / "tinyproxy.conf")]

    def healthy(self) -> bool:
        """Whether it takes connections."""
        with socket.socket() as probe:
            return probe.connect_ex((self.host, self.port)) == 0
