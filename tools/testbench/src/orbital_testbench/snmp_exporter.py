"""snmp_exporter: the peer of our SNMP plugin. Debian's comes with an empty configuration."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from orbital_testbench.server import Server

if TYPE_CHECKING:
    from pathlib import Path


class SnmpExporter(Server):
    """snmp_exporter.

    Args:
        folder: For its configuration and log.
        config: Its snmp.yml: `auths` and `modules`.
    """

    program: ClassVar[str] = "prometheus-snmp-exporter"
    package: ClassVar[str] = "prometheus-snmp-exporter"
    health_path: ClassVar[str] = "/metrics"

    def __init__(self, folder: Path, config: str, *, port: int | None = None) -> None:
        super().__init__(folder, port=port)
        self.config = config

    def prepare(self) -> None:
        (self.folder / "snmp.yml").write_text(self.config)

    def arguments(self) -> list[str]:
        return [
            f"--config.file={self.folder / 'snmp.yml'}",
            f"--web.listen-address={self.host}:{self.port}",
        ]

    def scrape(self, target: str, module: str, auth: str = "public") -> str:
        """Its page about a device (host:port)."""
        return self.get("/snmp", target=target, module=module, auth=auth).text
