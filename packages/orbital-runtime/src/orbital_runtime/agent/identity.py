"""The identity of this sentinel. Without a configured id, one is generated and kept."""

from __future__ import annotations

import logging
import os
import re
import socket
import uuid
from typing import TYPE_CHECKING, Final

from orbital_sdk import Identity

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from orbital_runtime.settings import SentinelSection

log = logging.getLogger("orbital.agent")

FILE: Final = "sentinel-id"
_ID: Final = re.compile(r"[A-Za-z0-9._-]{1,64}")


def identity(
    section: SentinelSection, own_id: Callable[[], str], given_id: str = "", given_name: str = ""
) -> Identity:
    """Id, name, region and labels. The id is that of an extension, of the configuration, or `own_id`; the
    name that of the configuration, of an extension, or the host.
    """
    return Identity(
        id=given_id or section.id or own_id(),
        name=section.name or given_name or socket.gethostname(),
        region=section.region,
        labels=section.labels,
    )


def kept_id(folder: Path) -> str:
    """The id in `folder`, generated if there is none. If the folder cannot be written, it is not kept."""
    path = folder / FILE
    try:
        kept = path.read_text(encoding="ascii").strip()
        if _ID.fullmatch(kept):
            return kept
        log.warning("%s holds no usable id; a new one is generated", path)
    except FileNotFoundError:
        pass
    except (OSError, UnicodeDecodeError) as error:
        log.warning("%s cannot be read (%s); a new id is generated", path, error)
    made = f"sentinel-{uuid.uuid4().hex[:12]}"
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            file.write(made + "\n")
    except OSError as error:
        log.warning(
            "the id %s cannot be kept (%s); set sentinel.id in the configuration", made, error
        )
    return made
