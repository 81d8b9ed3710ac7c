"""What `snmpwalk -On` prints, as varbinds."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from orbital_plugin_snmp import oids
from orbital_plugin_snmp.wire.smi import (
    COUNTER32,
    COUNTER64,
    FLOAT,
    GAUGE32,
    INTEGER,
    IP_ADDRESS,
    OBJECT_IDENTIFIER,
    OCTET_STRING,
    TIME_TICKS,
)
from orbital_sdk import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from orbital_plugin_snmp.wire.smi import Value, VarBind

LARGEST: Final = 64 << 20
"""Bytes of a file."""
NUMBERS: Final = {
    "INTEGER": INTEGER, "Integer32": INTEGER, "Counter32": COUNTER32, "Counter64": COUNTER64,
    "Gauge32": GAUGE32, "Unsigned32": GAUGE32, "Timeticks": TIME_TICKS,
}  # fmt: skip
_LINE: Final = re.compile(r"(\.?1(?:\.\d+)+) = (.*)", re.DOTALL)
_NUMBER: Final = re.compile(r"-?\d+")
_INSIDE: Final = re.compile(r"\((-?\d+)\)")


def read_walk(file: Path) -> list[VarBind]:
    """The objects of a walk.

    Raises:
        ConfigurationError: It cannot be read; the message has the line.
    """
    try:
        if file.stat().st_size > LARGEST:
            raise ConfigurationError(f"{file} is larger than {LARGEST >> 20} MiB")
        text = file.read_text("utf-8", errors="surrogateescape")
    except OSError as error:
        raise ConfigurationError(f"{file}: {error.strerror}") from error
    found = [one for line, words in _entries(text) if (one := _varbind(file, line, words))]
    if not found:
        raise ConfigurationError(f"{file} has no line as `snmpwalk -On` prints them")
    return found


def _entries(text: str) -> Iterator[tuple[int, str]]:
    """Each object with the number of its line; a text may go over several."""
    begun: tuple[int, list[str]] | None = None
    for number, line in enumerate(text.splitlines(), 1):
        if _LINE.match(line) or begun is None:
            if begun is not None:
                yield begun[0], "\n".join(begun[1])
            begun = number, [line]
        else:
            begun[1].append(line)
    if begun is not None:
        yield begun[0], "\n".join(begun[1])


def _varbind(file: Path, line: int, words: str) -> VarBind | None:
    """One object; None for a remark, and for what the device did not have."""
    found = _LINE.fullmatch(words)
    if found is None:
        return None
    kind, colon, text = found[2].partition(": ")
    if not colon and found[2] != '""':
        return None
    try:
        tag, value = (OCTET_STRING, b"") if not colon else _value(kind, text)
        return oids.encode(found[1]), tag, value
    except ValueError as error:
        raise ConfigurationError(f"{file}:{line}: {error}") from error


def _value(kind: str, text: str) -> tuple[int, Value]:
    if kind in NUMBERS:
        number = _INSIDE.search(text) or _NUMBER.match(text)
        if number is None:
            raise ValueError(f"{text!r} has no number")
        return NUMBERS[kind], int(number[number.lastindex or 0])
    match kind:
        case "OID":
            return OBJECT_IDENTIFIER, oids.encode(text)
        case "IpAddress" | "Network Address":
            return IP_ADDRESS, bytes(int(part) for part in text.split("."))
        case "Hex-STRING" | "BITS":
            digits = re.match(r"(?:[0-9A-Fa-f]{2}\s*)*", text)
            return OCTET_STRING, bytes.fromhex(digits[0] if digits else "")
        case "Opaque":
            return FLOAT, float(text.rpartition(": ")[2])
        case "STRING":
            return OCTET_STRING, _unquoted(text).encode("utf-8", "surrogateescape")
        case _:
            raise ValueError(f"{kind} is not a type of snmpwalk's")


def _unquoted(text: str) -> str:
    if len(text) > 1 and text[0] == text[-1] == '"':
        return re.sub(r"\\(.)", r"\1", text[1:-1])
    return text
