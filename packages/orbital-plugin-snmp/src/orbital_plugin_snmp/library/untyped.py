"""The parts of pysnmp that we use. It has no types, so here it gets Any once and for all."""

from __future__ import annotations

import warnings
from importlib import import_module
from typing import Any, Final

with warnings.catch_warnings():  # pysmi, where it is installed, uses what Python deprecates
    warnings.simplefilter("ignore", DeprecationWarning)
    hlapi: Final[Any] = import_module("pysnmp.hlapi.v3arch.asyncio")
cmdgen: Final[Any] = import_module("pysnmp.entity.rfc3413.cmdgen")
LCD: Final[Any] = import_module("pysnmp.hlapi.v3arch.asyncio.cmdgen").LCD
"""Makes pysnmp know a device and its credentials."""
NULL: Final[Any] = import_module("pysnmp.proto.rfc1902").Null("")
udp: Final[Any] = import_module("pysnmp.carrier.asyncio.dgram.udp")
udp6: Final[Any] = import_module("pysnmp.carrier.asyncio.dgram.udp6")
ObjectName: Final[Any] = import_module("pysnmp.proto.rfc1902").ObjectName
