"""A way to a device: what a connection is made of, and which bus it belongs to."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, NamedTuple

from orbital_sdk.tls import client_context

if TYPE_CHECKING:
    import ssl

    from orbital_plugin_modbus.device import ModbusDevice, TransportName


class TlsOptions(NamedTuple):
    """What a TLS context is made of."""

    ca_file: str
    cert_file: str
    key_file: str
    key_password: str
    server_name: str
    verify: bool

    def __repr__(self) -> str:
        return f"TlsOptions({self.ca_file!r}, {self.cert_file!r}, ...)"


class Line(NamedTuple):
    """Equal lines can share a connection."""

    transport: TransportName
    host: str = ""
    port: int = 0
    device: str = ""
    baudrate: int = 0
    data_bits: int = 8
    parity: str = "N"
    stop_bits: int = 1
    echo: bool = False
    rs485: tuple[bool, bool, bool, float | None, float | None] | None = None
    """As `serial.rs485.RS485Settings` takes them."""
    tls: TlsOptions | None = None
    engine: str = "auto"

    @property
    def serial(self) -> bool:
        return bool(self.device)

    @property
    def key(self) -> tuple[str, str]:
        """The bus: what can be asked one thing at a time, however it is asked."""
        if self.serial:
            return "serial", os.path.realpath(self.device)
        return ("udp" if self.transport == "udp" else "tcp"), f"{self.host.lower()}:{self.port}"

    @property
    def name(self) -> str:
        """What people call it."""
        if self.serial:
            return self.device
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    @property
    def silence(self) -> float:
        """Seconds of silence that end a frame: 3.5 characters, on fast lines 1.75 ms (Modbus over Serial
        Line V1.02, 2.5.1.1).
        """
        if not self.serial:
            return 0.0
        return 0.00175 if self.baudrate > 19200 else 38.5 / self.baudrate

    def context(self) -> ssl.SSLContext:
        """A client's TLS context.

        Raises:
            ConfigurationError: A file cannot be read or used; the message names it.
        """
        options = self.tls or TlsOptions("", "", "", "", "", verify=True)
        return client_context(
            ca_file=options.ca_file or None,
            cert_file=options.cert_file or None,
            key_file=options.key_file or None,
            key_password=options.key_password,
            verify=options.verify,
            prefix="tls.",
            password_setting="tls.key_password",  # noqa: S106 (its name)
        )


def line_of(device: ModbusDevice, engine: str) -> Line:
    """The line that a device's fields describe."""
    serial, tls = device.serial, device.tls
    if serial is not None:
        rs485 = serial.rs485
        return Line(
            device.transport, device=serial.device, baudrate=serial.baudrate, data_bits=serial.data_bits,
            parity=serial.parity, stop_bits=serial.stop_bits, echo=serial.local_echo,
            rs485=None if rs485 is None else (
                rs485.rts_level_for_tx, rs485.rts_level_for_rx, rs485.loopback,
                rs485.delay_before_tx, rs485.delay_before_rx,
            ),
            engine=engine,
        )  # fmt: skip
    options = None
    if device.transport == "tls":
        secret = tls.key_password
        options = TlsOptions(
            tls.ca_file, tls.cert_file, tls.key_file, secret.get_secret_value() if secret else "",
            tls.server_name, verify=not tls.insecure_skip_verify,
        )  # fmt: skip
    return Line(
        device.transport, host=str(device.host), port=device.tcp_port, tls=options, engine=engine
    )
