"""Finds the secrets of this machine's sentinel, also if its configuration has errors."""

from __future__ import annotations

import json
import os
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final, cast

from orbital_runtime.paths import data_dir
from orbital_runtime.settings.secrecy import is_secret_key
from orbital_runtime.settings.source.gather import gather
from orbital_sdk.secrecy import hold, in_address

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

LARGEST: Final = 64 << 10
"""Bytes of a file of credentials."""


def hold_all(config: Path | None) -> None:
    """Hold the secrets of the file, of the environment and of files of credentials, beside those that a check
    of the configuration finds by its models.
    """
    hold("file", _in_file(config))
    hold("environment", (text for name, text in os.environ.items() if is_secret_key((name,))))
    hold("credentials", _in_folder(data_dir()))


def _in_file(config: Path | None) -> Iterator[str]:
    """Values whose key sounds secret, and what is secret in addresses."""
    for loc, leaf in gather(config, os.environ).root.leaves():
        if isinstance(leaf.value, str):
            if is_secret_key(loc) and not leaf.references:  # those are names
                yield leaf.value
            yield from in_address(leaf.value)


def _in_folder(folder: Path) -> Iterator[str]:
    """Tokens and passwords that the agent keeps in files of its own."""
    with suppress(OSError):
        for path in folder.iterdir():
            with suppress(OSError, ValueError):
                if path.is_file() and path.stat().st_size <= LARGEST:
                    yield from _in_text(path.name, path.read_text())


def _in_text(name: str, text: str) -> Iterator[str]:
    if is_secret_key((name,)) and text.strip() and "\n" not in text.strip():
        yield text.strip()
    with suppress(ValueError):
        yield from _in_json(json.loads(text))


def _in_json(value: object, name: str = "") -> Iterator[str]:
    if isinstance(value, dict):
        for key, child in cast("dict[str, Any]", value).items():
            yield from _in_json(child, key)
    elif isinstance(value, str) and is_secret_key((name,)):
        yield value
