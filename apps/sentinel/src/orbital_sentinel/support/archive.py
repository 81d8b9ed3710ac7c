"""A compressed archive of texts without secrets, of a bounded size."""

from __future__ import annotations

import io
import tarfile
import time
from typing import TYPE_CHECKING, Final

from orbital_runtime.telemetry.logs.setup import redact
from orbital_sdk.files import write_private
from orbital_sentinel.errors import Failure
from orbital_sentinel.terminal.wording import size

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

LARGEST: Final = 8 << 20
TOTAL: Final = 32 << 20


def write_archive(
    path: Path, texts: Iterable[tuple[str, str]], *, largest: int = LARGEST, total: int = TOTAL
) -> list[tuple[str, int]]:
    """Write texts without the secrets of this process into a new `tar.gz` (0600).

    Args:
        path: The archive; replaced if it is there.
        texts: Names and texts, the most important first.
        largest: Bytes of one text at most; of a longer one the end is kept.
        total: Bytes of all texts at most.

    Returns:
        Name and size in bytes of each.

    Raises:
        Failure: The file cannot be written.
    """
    content = io.BytesIO()
    listed: list[tuple[str, int]] = []
    folder, left = path.name.partition(".")[0], total
    with tarfile.open(fileobj=content, mode="w:gz") as archive:
        for name, text in texts:
            data = _bounded(redact(text), min(largest, left))
            left -= len(data)
            member = tarfile.TarInfo(f"{folder}/{redact(name)}")
            member.size, member.mode, member.mtime = len(data), 0o600, int(time.time())
            archive.addfile(member, io.BytesIO(data))
            listed.append((name, len(data)))
    try:
        write_private(path, [content.getvalue()])
    except OSError as error:
        raise Failure(f"{path} cannot be written: {error.strerror}") from error
    return listed


def _bounded(text: str, most: int) -> bytes:
    data = text.encode("utf-8", "backslashreplace")
    if len(data) <= most:
        return data
    note = f"(the first {size(len(data) - most)} are left out)\n".encode()
    kept = data[len(data) - max(0, most - len(note)) :] if most > len(note) else b""
    return note + kept
