"""The file with the token of HTTP requests."""

from __future__ import annotations

import logging
import secrets
from typing import TYPE_CHECKING, Final

from orbital_sdk.files import write_private

if TYPE_CHECKING:
    from pathlib import Path

log = logging.getLogger("orbital.telemetry")

BYTES: Final = 24
"""Of a new token."""


def token_in(path: Path) -> str:
    """The token of this file; a new one (0600) if there is none. Not kept if the file cannot be written."""
    try:
        if token := path.read_text("ascii").strip():
            return token
    except FileNotFoundError:
        pass
    except (OSError, ValueError) as error:
        log.warning("%s cannot be read, another token is used until the stop: %s", path, error)
        return secrets.token_urlsafe(BYTES)
    token = secrets.token_urlsafe(BYTES)
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_private(path, [f"{token}\n".encode()])
    except OSError as error:
        log.warning("the token for HTTP requests is not kept for the next start: %s", error)
    return token
