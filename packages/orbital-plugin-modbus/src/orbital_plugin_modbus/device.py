"""How a device is reached."""

from __future__ import annotations

from typing import Annotated, Literal, Self, cast

from pydantic import Field, SecretStr, field_validator, model_validator

from orbital_sdk import DeviceFields, Duration, Host, Port
from orbital_sdk.fields import Fields

TransportName = Literal["tcp", "tls", "udp", "rtu_over_tcp", "rtu", "ascii"]
SERIAL = ("rtu", "ascii")

UnitId = Annotated[int, Field(ge=0, le=255)]


class Rs485(Fields):
    """RS-485 by the kernel's driver; most converters switch by themselves and need none of it."""

    rts_level_for_tx: bool = True
    """Level of RTS while sending."""
    rts_level_for_rx: bool = False
    """Level of RTS while receiving."""
    loopback: bool = False
    """Whether the driver hears what it sends."""
    delay_before_tx: Annotated[Duration, Field(le=1)] | None = None
    """Pause between switching RTS and sending."""
    delay_before_rx: Annotated[Duration, Field(le=1)] | None = None
    """Pause between sending and switching RTS back."""


class Serial(Fields):
    """A serial line."""

    device: Annotated[str, Field(min_length=1, max_length=250, examples=["/dev/ttyUSB0"])]
    """Path of the port, such as `/dev/serial/by-id/...`."""
    baudrate: Annotated[int, Field(ge=50, le=4_000_000)] = 19200
    """Bits a second."""
    parity: Literal["N", "E", "O"] = "N"
    """`N` none, `E` even, `O` odd."""
    stop_bits: Literal[1, 2] = 1
    """Stop bits."""
    data_bits: Literal[7, 8] = 8
    """Data bits; 7 is for ASCII."""
    local_echo: bool = False
    """The converter hears what it sends; take that off the answers."""
    rs485: Rs485 | None = None
    """RS-485 settings of the kernel's driver, where it wants them."""


class Tls(Fields):
    """TLS of Modbus/TCP Security."""

    ca_file: str = ""
    """PEM file of the authorities to trust, instead of the system's."""
    cert_file: str = ""
    """PEM file of the client certificate."""
    key_file: str = ""
    """PEM file of its private key, where `cert_file` does not hold it."""
    key_password: SecretStr | None = None
    """Password of the private key."""
    server_name: str = ""
    """Name to expect in the certificate, instead of the host."""
    insecure_skip_verify: bool = False
    """Accept any certificate."""


class ModbusDevice(DeviceFields):
    """`host` for a network, `serial` for a serial line."""

    transport: TransportName = "tcp"
    """`tcp`, `tls`, `udp`, `rtu_over_tcp` (a serial line behind a converter), `rtu` or `ascii` (a serial line
    here). Left out where `serial` is given: `rtu`."""
    host: Host | None = None
    """Address or DNS name."""
    port: Port | None = None
    """Left out: 502, or 802 with TLS."""
    serial: Serial | None = None
    """The serial line, instead of `host`."""
    tls: Tls = Tls()
    """TLS files, with transport `tls`."""
    unit_id: UnitId | tuple[UnitId, ...] = 1
    """Unit (slave) id, 0 to 255, or a list of them that have the same map."""
    request_timeout: Annotated[Duration, Field(gt=0, le=60)] = 1.0
    """How long to wait for a connection, and for each answer; at most about half of the task's timeout."""
    retries: Annotated[int, Field(ge=0, le=10)] = 1
    """Times that a request is sent again when no answer came, by a unit that answered before."""
    connect_delay: Annotated[Duration, Field(le=60)] = 0.0
    """Pause after connecting."""
    request_delay: Annotated[Duration, Field(le=60)] | None = None
    """Silence between an answer and the next request on the same bus; left out: none on a network, 3.5
    characters on a serial line."""
    idle_close: Annotated[Duration, Field(gt=0)] | None = 60.0
    """Close a connection that nobody used for so long; `null` keeps it open."""
    max_backoff: Annotated[Duration, Field(gt=0, le=86400)] = 60.0
    """Longest pause before a unit or a gateway that does not answer is tried again."""

    @model_validator(mode="before")
    @classmethod
    def _serial_means_rtu(cls, given: object) -> object:
        if not isinstance(given, dict):
            return given
        fields = cast("dict[str, object]", given)
        return {"transport": "rtu", **fields} if fields.get("serial") else fields

    @field_validator("unit_id")
    @classmethod
    def _units_once(cls, value: int | tuple[int, ...]) -> int | tuple[int, ...]:
        if isinstance(value, tuple) and (not value or len(set(value)) < len(value)):
            raise ValueError("a list of unit ids has at least one, and none twice")
        return value

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        serial = self.transport in SERIAL
        if serial and self.serial is None:
            raise ValueError(
                f"transport {self.transport} needs serial, with the device of the line"
            )
        if not serial and self.host is None:
            raise ValueError(f"transport {self.transport} needs host (or give serial)")
        if serial and (self.host is not None or self.port is not None):
            raise ValueError("host and port belong to a network; with serial leave them out")
        if not serial and self.serial is not None:
            raise ValueError(
                f"serial does not go with transport {self.transport}; use rtu or ascii"
            )
        if self.transport != "tls" and self.tls.model_fields_set:
            raise ValueError("tls goes with transport tls")
        if self.tls.key_file and not self.tls.cert_file:
            raise ValueError("tls.key_file needs tls.cert_file")
        return self

    @property
    def units(self) -> tuple[int, ...]:
        """All unit ids."""
        return self.unit_id if isinstance(self.unit_id, tuple) else (self.unit_id,)

    @property
    def tcp_port(self) -> int:
        """`port`, or the protocol's own."""
        return self.port or (802 if self.transport == "tls" else 502)
