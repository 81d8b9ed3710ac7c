"""Asks a device once, from the command line."""

from __future__ import annotations

import asyncio
import re
import time
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Final, TypeVar

from pydantic import ValidationError

from orbital_plugin_snmp import oids
from orbital_plugin_snmp.config import SessionConfig
from orbital_plugin_snmp.device import SnmpDevice, mistakes
from orbital_plugin_snmp.session.pool import Pool
from orbital_plugin_snmp.wire.smi import END_OF_MIB_VIEW, EXCEPTIONS
from orbital_sdk import ConfigurationError
from orbital_sdk.address import split_address

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from orbital_plugin_snmp.commands.options import How
    from orbital_plugin_snmp.session.pool import DeviceReader
    from orbital_plugin_snmp.wire.smi import VarBind

T = TypeVar("T")
PATIENT: Final = 86_400.0
"""Seconds that it may take: who started it by hand ends it by hand."""


def ask(host: str, how: How, work: Callable[[DeviceReader], Coroutine[Any, Any, T]]) -> T:
    """Ask one device.

    Args:
        host: Name or address; `:port` may follow, after an IPv6 address in brackets.
        how: As whom, and how.
        work: What to ask it.

    Raises:
        ConfigurationError: What was given cannot work.
        DeviceUnreachable, AuthenticationFailed, UnexpectedReply: As in a poll.
    """
    given = {name: value for name, value in (place(host) | asdict(how)).items() if value != ""}
    config = {name: given.pop(name) for name in tuple(given) if name in SessionConfig.model_fields}
    try:
        device = SnmpDevice.model_validate(given)
        settings = SessionConfig.model_validate({"max_rows": 10_000_000} | config)
    except ValidationError as error:
        raise ConfigurationError(mistakes(error)) from error
    return asyncio.run(_work(device, settings, work))


async def _work(
    device: SnmpDevice,
    settings: SessionConfig,
    work: Callable[[DeviceReader], Coroutine[Any, Any, T]],
) -> T:
    pool = Pool(settings)
    try:
        return await work(pool.reader(device, time.monotonic() + PATIENT))
    finally:
        await pool.close()


async def below(reader: DeviceReader, root: bytes) -> tuple[list[VarBind], str]:
    """Everything below an OID, and why it ended early; the object itself where it is a leaf."""
    walked = await reader.walk([root])
    found, problem = walked.columns[root], walked.problems.get(root, "")
    if found or problem:
        return found, problem
    (itself,) = await reader.get([root])
    return [(root, END_OF_MIB_VIEW, None) if itself[1] in EXCEPTIONS else itself], ""


def encoded(text: str) -> bytes:
    """An OID that somebody typed, or a name, as `translate` knows them."""
    try:
        if not re.search("[A-Za-z]", text):
            return oids.encode(text)
        from orbital_plugin_snmp.mibs.library import Library  # noqa: PLC0415 (only now)
        from orbital_plugin_snmp.mibs.translating import translate  # noqa: PLC0415 (as above)

        return oids.encode(translate(text, Library(())).oid)
    except ValueError as error:
        raise ConfigurationError(str(error)) from error


def place(text: str) -> dict[str, Any]:
    """Host, and port if there is one, of `192.0.2.1`, `switch:1161`, `fe80::1` or `[2001:db8::1]:161`.

    Raises:
        ConfigurationError: It is not an address.
    """
    try:
        host, port = split_address(text)
    except ValueError as error:
        raise ConfigurationError(str(error)) from error
    return {"host": host} if port is None else {"host": host, "port": port}
