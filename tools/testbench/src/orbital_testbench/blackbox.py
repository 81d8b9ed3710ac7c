"""blackbox_exporter: the peer of our ping and HTTP plugins."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from orbital_testbench.server import Server

if TYPE_CHECKING:
    from pathlib import Path

MODULES = """\
modules:
  http_2xx: {prober: http, timeout: 5s, http: {preferred_ip_protocol: ip4}}
  icmp: {prober: icmp, timeout: 5s, icmp: {preferred_ip_protocol: ip4}}
  tcp_connect: {prober: tcp, timeout: 5s}
"""


class BlackboxExporter(Server):
    """blackbox_exporter with the given modules (YAML)."""

    program: ClassVar[str] = "prometheus-blackbox-exporter"
    package: ClassVar[str] = "prometheus-blackbox-exporter"
    health_path: ClassVar[str] = "/-/healthy"

    def __init__(self, folder: Path, *, modules: str = MODULES, port: int | None = None) -> None:
        super().__init__(folder, port=port)
        self.modules = modules

    def prepare(self) -> None:
        (self.folder / "blackbox.yml").write_text(self.modules)

    def arguments(self) -> list[str]:
        return [
            f"--config.file={self.folder / 'blackbox.yml'}",
            f"--web.listen-address={self.host}:{self.port}",
        ]

    def probe(self, module: str, target: str) -> dict[str, float]:
        """One probe: the value of each series, named as in the text format."""
        text = self.get("/probe", module=module, target=target).text
        lines = [line for line in text.splitlines() if line and not line.startswith("#")]
        return {name: float(value) for name, value in (line.rsplit(" ", 1) for line in lines)}
