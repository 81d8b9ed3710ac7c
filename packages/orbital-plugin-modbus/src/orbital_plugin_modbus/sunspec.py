"""Where the models of a SunSpec device are (SunSpec Device Information Model Specification, 6.2)."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Final

from orbital_plugin_modbus.exceptions import ExchangeError
from orbital_plugin_modbus.tables import SIZE, TABLES, Read

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    Ask = Callable[[Read], Awaitable[bytes]]

BASES: Final = (40000, 50000, 0)
"""Where the marker may stand."""
MARKER: Final = b"SunS"
END: Final = 0xFFFF
MOST: Final = 100
"""Models that are looked at."""


async def find_models(ask: Ask) -> list[tuple[int, int]]:
    """Model number and address of its ID register, as `base` wants it; empty where there is no SunSpec.

    Args:
        ask: Reads, and raises `ExchangeError`.
    """
    for base in BASES:
        if await _answer(ask, base, 2) == MARKER:
            return await _chain(ask, base + 2)
    return []


async def _chain(ask: Ask, address: int) -> list[tuple[int, int]]:
    models: list[tuple[int, int]] = []
    while len(models) < MOST and address < SIZE - 2:
        head = await _answer(ask, address, 2)
        if head is None:
            break
        model, length = struct.unpack(">HH", head)
        if model == END:
            break
        models.append((model, address))
        address += 2 + length
    return models


async def _answer(ask: Ask, address: int, count: int) -> bytes | None:
    try:
        return await ask(Read(TABLES["holding"], address, count))
    except ExchangeError:
        return None
