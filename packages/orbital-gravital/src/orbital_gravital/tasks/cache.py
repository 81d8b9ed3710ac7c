"""The last list of tasks, on disk, for a start while Core is away. It holds passwords of devices, so it is
encrypted with a key derived from the sentinel's token, and the file has mode 0600.

Each line is a Fernet token with some of the entries: encrypting all at once would block other threads.
"""

from __future__ import annotations

import base64
import logging
from itertools import islice
from typing import TYPE_CHECKING, Final

import msgspec

from orbital_gravital.credentials import write_private

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from cryptography.fernet import Fernet

    from orbital_gravital.credentials import Credentials

log = logging.getLogger("orbital.core")

FILE: Final = "core-tasks"
TOGETHER: Final = 200
"""Entries in one line: about 100 kB, which takes half a millisecond to encrypt."""
_LIST: Final = msgspec.json.Decoder(list[msgspec.Raw])


class TaskCache:
    """Keeps one list.

    Args:
        folder: The data folder.
    """

    def __init__(self, folder: Path) -> None:
        self.path = folder / FILE

    def save(self, entries: Sequence[msgspec.Raw], credentials: Credentials) -> None:
        """Replace the stored list. If writing fails, a start without Core has no tasks."""
        try:
            write_private(self.path, _lines(entries, _cipher(credentials)))
        except OSError as error:
            reason = error.strerror or error
            log.warning("Core's tasks cannot be kept in %s: %s", self.path, reason)

    def load(self, credentials: Credentials) -> list[msgspec.Raw]:
        """The list; empty where there is none for these credentials."""
        from cryptography.fernet import InvalidToken  # noqa: PLC0415 (20 ms that only Core's users pay)

        try:
            lines = self.path.read_bytes().splitlines()
        except FileNotFoundError:
            return []
        except OSError as error:
            log.warning("%s: %s; Core's last tasks are not known", self.path, error.strerror)
            return []
        try:
            cipher = _cipher(credentials)
            return [entry for line in lines for entry in _LIST.decode(cipher.decrypt(line))]
        except (InvalidToken, msgspec.DecodeError):
            log.warning("%s is damaged or of another identity; waiting for Core's tasks", self.path)
            return []


def _lines(entries: Sequence[msgspec.Raw], cipher: Fernet) -> Iterator[bytes]:
    left = iter(entries)
    while some := list(islice(left, TOGETHER)):
        yield cipher.encrypt(msgspec.json.encode(some)) + b"\n"


def _cipher(credentials: Credentials) -> Fernet:
    from cryptography.fernet import Fernet  # noqa: PLC0415 (as above)
    from cryptography.hazmat.primitives.hashes import SHA256  # noqa: PLC0415 (as above)
    from cryptography.hazmat.primitives.kdf.hkdf import HKDF  # noqa: PLC0415 (as above)

    secret = credentials.api_token.get_secret_value().encode()
    key = HKDF(SHA256(), 32, salt=None, info=b"orbital-sentinel core-tasks").derive(secret)
    return Fernet(base64.urlsafe_b64encode(key))
