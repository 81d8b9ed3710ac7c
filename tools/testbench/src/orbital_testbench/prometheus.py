"""Prometheus, with its remote-write receiver switched on."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from orbital_testbench.promql import PromServer

if TYPE_CHECKING:
    from pathlib import Path


class Prometheus(PromServer):
    """Prometheus that scrapes nothing and takes remote write.

    Args:
        folder: For its data, configuration and log.
        port: None for a free one.
        out_of_order: How far back samples may come (`30m`), None for not at all.
        receiver: Whether it takes remote write at all.
        scrape: More of `prometheus.yml`, such as `scrape_configs`.
    """

    program: ClassVar[str] = "prometheus"
    package: ClassVar[str] = "prometheus"
    health_path: ClassVar[str] = "/-/ready"

    def __init__(
        self,
        folder: Path,
        *,
        port: int | None = None,
        out_of_order: str | None = None,
        receiver: bool = True,
        scrape: str = "",
    ) -> None:
        super().__init__(folder, port=port)
        self.receiver = receiver
        self.configuration = "global: {}\n" + scrape
        if out_of_order:
            self.configuration += (
                f"storage: {{tsdb: {{out_of_order_time_window: {out_of_order}}}}}\n"
            )

    def prepare(self) -> None:
        (self.folder / "prometheus.yml").write_text(self.configuration)

    def arguments(self) -> list[str]:
        return [
            f"--config.file={self.folder / 'prometheus.yml'}",
            f"--storage.tsdb.path={self.folder / 'data'}",
            "--storage.tsdb.retention.time=100y",
            f"--web.listen-address={self.host}:{self.port}",
            *(["--web.enable-remote-write-receiver"] if self.receiver else []),
            "--log.level=info",
        ]
