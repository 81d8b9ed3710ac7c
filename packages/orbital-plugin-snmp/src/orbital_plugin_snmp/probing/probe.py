"""The probe for SNMP: sysName, sysDescr and sysObjectID (RFC 3418), with each set of credentials in turn."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from orbital_plugin_snmp.config import SessionConfig
from orbital_plugin_snmp.polling.session import SYS_DESCR, SYS_NAME, SYS_OBJECT_ID
from orbital_plugin_snmp.probing.fields import device_of, fields
from orbital_plugin_snmp.profiles.choosing import choose
from orbital_plugin_snmp.profiles.loading import shipped
from orbital_plugin_snmp.session.opener import Opener
from orbital_plugin_snmp.tables.texts import clean, text_of
from orbital_plugin_snmp.wire.smi import EXCEPTIONS
from orbital_sdk import CollectError, DeviceUnreachable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from orbital_plugin_snmp.device import SnmpDevice
    from orbital_plugin_snmp.wire.smi import VarBind

WANTED = (SYS_NAME, SYS_DESCR, SYS_OBJECT_ID)
LONGEST = 100
"""Characters of a description."""


@dataclass(frozen=True, slots=True)
class SnmpAnswer:
    """As `orbital_sdk.probe.Answer`."""

    name: str
    about: str
    fields: dict[str, Any]


class SnmpProbe:
    """As `orbital_sdk.probe.Probe`.

    Args:
        given: Credentials and other fields of devices, `community=public`; each a way to try.
        timeout: Seconds of an attempt.
        retries: Attempts after the first.

    Raises:
        ConfigurationError: They cannot work.
    """

    help: ClassVar[str] = (
        "SNMP with these fields of the device: community=public, or"
        " version=3,username=ops,auth_password='${NAME}'; may be given again."
    )

    def __init__(self, given: Sequence[str], *, timeout: float, retries: int) -> None:
        written = [fields(text) for text in given]
        self._ways = [(device_of(way, "localhost"), way) for way in written]
        self._opener = Opener(SessionConfig(timeout=timeout, retries=retries))
        self._wait = timeout * (retries + 1)

    async def look(self, host: str) -> SnmpAnswer | None:
        """As `Probe.look`: the first way that works counts."""
        refusal: CollectError | None = None
        for device, written in self._ways:
            try:
                found = await self._ask(device.model_copy(update={"host": host}))
            except DeviceUnreachable:
                continue
            except CollectError as error:
                refusal = error
            else:
                return _answer(host, found, written)
        if refusal is not None:
            raise refusal
        return None

    async def close(self) -> None:
        """As `Probe.close`."""
        self._opener.close()

    async def _ask(self, device: SnmpDevice) -> list[VarBind]:
        """Of v3 two requests: who the engine is, and the real one."""
        deadline = time.monotonic() + self._wait * (2 if device.version == "3" else 1)
        session = await self._opener.open(device, deadline)
        try:
            return await session.get(WANTED, deadline)
        finally:
            await session.close()


def _answer(host: str, found: Sequence[VarBind], written: dict[str, str]) -> SnmpAnswer:
    name, about, sysobjectid = (
        "" if tag in EXCEPTIONS else " ".join(clean(text_of(value, tag, "DisplayString")).split())
        for _, tag, value in found
    )
    profiles = list(choose(sysobjectid, shipped()))
    own = {key: int(value) if key == "port" else value for key, value in written.items()}
    return SnmpAnswer(
        name=name,
        about=about[:LONGEST] or f"sysObjectID {sysobjectid or 'unknown'}",
        fields={"host": host, **own, "profiles": profiles},
    )
