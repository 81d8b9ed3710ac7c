"""nginx with a configuration of the test's own, over http and https."""

from __future__ import annotations

import os
import socket
from typing import TYPE_CHECKING, ClassVar

from orbital_testbench.ports import LOOPBACK, free_port
from orbital_testbench.server import Server

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from orbital_testbench.certificates import Authority, Certificate

_CONFIGURATION = """\
{user}
daemon off;
worker_processes 1;
pid {folder}/nginx.pid;
error_log stderr warn;
events {{ worker_connections 1024; }}
http {{
    access_log {folder}/access.log;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    client_max_body_size 64m;
    keepalive_requests 1000000;
    default_type text/plain;
    {http}
    server {{
        {listen}
        location = /.ready {{ access_log off; return 204; }}
        {tls}
        {server}
    }}
}}
"""
_TLS = """\
ssl_certificate {certificate}; ssl_certificate_key {key};
        {client}"""


class Nginx(Server):
    """nginx; `.url` speaks http, and `.tls_url` https where a certificate is given.

    Args:
        folder: For its configuration, logs and temporary files.
        server: What stands in its `server` block.
        http: What stands in its `http` block before that.
        addresses: Where it listens; more than one for many targets (`127.0.2.1`, ...).
        certificate: Switches https on.
        client_authority: Who must have signed the certificates of clients; None asks for none.
    """

    program: ClassVar[str] = "nginx"
    package: ClassVar[str] = "nginx-light"
    health_path: ClassVar[str] = "/.ready"

    def __init__(
        self,
        folder: Path,
        server: str = "location / { return 200 'ok\\n'; }",
        *,
        http: str = "",
        addresses: Sequence[str] = (LOOPBACK,),
        certificate: Certificate | None = None,
        client_authority: Authority | None = None,
        port: int | None = None,
    ) -> None:
        super().__init__(folder, port=port)
        self.server, self.http_block, self.addresses = server, http, tuple(addresses)
        self.certificate, self.client_authority = certificate, client_authority
        self.tls_port = free_port()
        self.host = self.addresses[0]

    @property
    def tls_url(self) -> str:
        return f"https://{self.host}:{self.tls_port}"

    @property
    def access_log(self) -> list[str]:
        """The lines of its access log, in the combined format."""
        path = self.folder / "access.log"
        return path.read_text().splitlines() if path.exists() else []

    def prepare(self) -> None:
        (self.folder / "nginx.conf").write_text(
            _CONFIGURATION.format(
                user="user root;" if os.geteuid() == 0 else "",
                folder=self.folder,
                http=self.http_block,
                listen=" ".join(self._listen()),
                tls=self._tls(),
                server=self.server,
            )
        )

    def arguments(self) -> list[str]:
        return ["-p", str(self.folder), "-e", "stderr", "-c", str(self.folder / "nginx.conf")]

    def healthy(self) -> bool:
        """Whether it answers, over https too: both are bound before its first worker runs."""
        return super().healthy() and (self.certificate is None or self._bound(self.tls_port))

    def _bound(self, port: int) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex((self.host, port)) == 0

    def _listen(self) -> list[str]:
        plain = [f"listen {address}:{self.port};" for address in self.addresses]
        if self.certificate is None:
            return plain
        return [*plain, *[f"listen {address}:{self.tls_port} ssl;" for address in self.addresses]]

    def _tls(self) -> str:
        if self.certificate is None:
            return ""
        client = ""
        if self.client_authority is not None:
            client = (
                f"ssl_client_certificate {self.client_authority.ca_file}; ssl_verify_client on;"
            )
        return _TLS.format(
            certificate=self.certificate.certificate, key=self.certificate.key, client=client
        )
