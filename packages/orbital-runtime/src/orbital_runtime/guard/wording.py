"""Messages of third-party errors, and where they were raised."""

from __future__ import annotations

import re
from typing import Final

from orbital_runtime.guard.escape import contained
from orbital_sdk.secrecy import scrub

LONGEST: Final = 1000
"""Maximum characters of an error message."""
_USER: Final = re.compile(r"//[^/@\s]*@")


def words(error: BaseException) -> str:
    """The error's message on one line, limited and without secrets."""
    try:
        with contained:
            text = _USER.sub("//", scrub(str(error))[: 2 * LONGEST])
            text = " ".join("".join([c if c.isprintable() else " " for c in text]).split())
    except Exception:  # noqa: BLE001 (a foreign __str__)
        text = ""
    text = text or type(error).__name__
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}…"


def named(error: BaseException) -> str:
    """Its class and message."""
    name, text = type(error).__name__, words(error)
    return name if text == name else f"{name}: {text}"


def place(error: BaseException) -> str:
    """File and line where it was raised."""
    trace = error.__traceback__
    if trace is None:
        return "unknown place"
    while trace.tb_next is not None:
        trace = trace.tb_next
    return f"{trace.tb_frame.f_code.co_filename.rpartition('/')[2]}:{trace.tb_lineno}"
