"""Fields of a device as text."""

from __future__ import annotations

from pydantic import SecretStr

from orbital_runtime.engine.device_texts import device_texts
from orbital_sdk import DeviceFields
from orbital_sdk.fields import Fields


class Line(Fields):
    device: str = "/dev/ttyUSB0"
    baudrate: int = 9600
    password: SecretStr = SecretStr("hush")


class Device(DeviceFields):
    host: str = "a.example"
    port: int | None = None
    verify: bool = True
    factor: float = 0.5
    serial: Line = Line()
    units: tuple[int, ...] = (1, 2)
    url: str = "https://user:hush@a.example:81/x?token=hush"
    odd: str = "http://[hush"
    community: str = "hush"
    token_file: str = "/etc/token"


def test_texts():
    """What can be a label, by dotted name: no secrets, no lists, nothing that was left out."""
    assert device_texts(Device()) == {
        "host": "a.example",
        "verify": "true",
        "factor": "0.5",
        "serial.device": "/dev/ttyUSB0",
        "serial.baudrate": "9600",
        "url": "https://a.example:81/x",
        "odd": "",
        "token_file": "/etc/token",
    }
