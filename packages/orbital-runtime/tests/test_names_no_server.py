"""The runtime is for any server and any protocol: it names none."""

from __future__ import annotations

import re
from pathlib import Path

import orbital_runtime

WORDS = re.compile(r"gravital|snmp|lldp|\bcore\b", re.IGNORECASE)
EXEMPT = re.compile(
    r"prometheus_client\.core|pydantic_core|core schema|core runtime|100 is one core", re.IGNORECASE
)
"""Modules of libraries, YAML's core schema, what the runtime is to the whole, and a core of a processor."""


def test_no_server_and_no_protocol_is_named():
    """What is about one of them belongs into its extension or plugin."""
    folder = Path(orbital_runtime.__file__).parent
    found = [
        f"{path.relative_to(folder)}:{number}: {line.strip()}"
        for path in sorted(folder.rglob("*"))
        if path.suffix not in ("", ".pyc")
        for number, line in enumerate(path.read_text("utf-8").splitlines(), 1)
        if WORDS.search(EXEMPT.sub("", line))
    ]
    assert found == []
