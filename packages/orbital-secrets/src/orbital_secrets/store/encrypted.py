"""The file of the store: all secrets in one Fernet token, so that not even their names can be read."""

from __future__ import annotations

import os
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Final, Literal

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from pydantic import BaseModel, Field, TypeAdapter, ValidationError

from orbital_sdk import ConfigurationError
from orbital_secrets.store.files import locked, replace_file

if TYPE_CHECKING:
    from collections.abc import Generator, Sequence
    from pathlib import Path

    from orbital_secrets.store.keys import KeySource

LARGEST: Final = 16 << 20
"""Bytes of the file."""
LONGEST: Final = 64 << 10
"""Characters of a secret."""


class Entry(BaseModel):
    """A secret, and when it was set."""

    value: Annotated[str, Field(max_length=LONGEST, repr=False)]
    set_at: datetime = Field(default_factory=lambda: datetime.now(UTC).replace(microsecond=0))


Entries = dict[str, Entry]
_ENTRIES: Final = TypeAdapter(Entries)


class _Sealed(BaseModel):
    """What the file holds, as JSON."""

    version: Literal[1] = 1
    salt: str = Field(default_factory=lambda: os.urandom(16).hex(), pattern="^[0-9a-f]{32}$")
    """For a key that comes from a passphrase."""
    secrets: str = ""
    """`Entries` as JSON, in a Fernet token."""

    def keys(self, source: KeySource) -> Sequence[bytes]:
        return source.keys(bytes.fromhex(self.salt))


class EncryptedFile:
    """A store in a file.

    Args:
        path: The file; it and its folder are made when they are needed.
        source: Where the key stands.
    """

    def __init__(self, path: Path, source: KeySource) -> None:
        self.path = path
        self.source = source

    def read(self) -> Entries:
        """All secrets; none if there is no file.

        Raises:
            ConfigurationError: It cannot be read, or not with this key.
        """
        sealed = self._sealed()
        return self._opened(sealed) if sealed else {}

    @contextmanager
    def changing(self) -> Generator[Entries]:
        """All secrets, to be changed; they are stored at the end. A first one makes a key, too.

        Raises:
            ConfigurationError: As `read`; or it cannot be written.
        """
        with locked(self.path.parent):
            sealed = self._sealed()
            entries = self._opened(sealed) if sealed else {}
            yield entries
            sealed = sealed or _Sealed()
            self._write(entries, sealed, sealed.keys(self.source) or self._first_key())

    def rotate(self, to: KeySource | None = None) -> None:
        """Encrypt all with a new key. What was interrupted may be done again.

        Args:
            to: Where the new key stands, or is to stand; left out: where the old one does.

        Raises:
            ConfigurationError: As `changing`.
        """
        with locked(self.path.parent):
            sealed = self._sealed()
            if sealed is None:
                raise ConfigurationError(f"there is no store in {self.path} yet")
            entries, new = self._opened(sealed), Fernet.generate_key()
            renewed = _Sealed()
            if to is None:
                self.source.put([new, *sealed.keys(self.source)])
                self._write(entries, renewed, [new])
                self.source.put([new])
                return
            keys = renewed.keys(to)
            if not keys:
                to.put(keys := [new])
            try:
                self._write(entries, renewed, keys)
            except ValueError:
                raise ConfigurationError(
                    f"{to} holds something else than a key of the store; name a file that is not there yet"
                ) from None

    def _first_key(self) -> Sequence[bytes]:
        new = Fernet.generate_key()
        self.source.put([new])
        return [new]

    def _sealed(self) -> _Sealed | None:
        try:
            with self.path.open("rb") as file:
                content = file.read(LARGEST)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise ConfigurationError(f"{self.path} cannot be read: {error.strerror}") from error
        try:
            return _Sealed.model_validate_json(content)
        except ValidationError as error:
            raise ConfigurationError(f"{self.path} is damaged, or no store of secrets") from error

    def _opened(self, sealed: _Sealed) -> Entries:
        keys = sealed.keys(self.source)
        if not keys:
            raise ConfigurationError(f"the key of {self.path} is missing: {self.source} has none")
        try:
            return _ENTRIES.validate_json(_cipher(keys).decrypt(sealed.secrets))
        except (InvalidToken, ValueError):  # the cause of the latter may have secrets
            raise ConfigurationError(
                f"{self.path} cannot be opened with {self.source}: another key, or damaged"
            ) from None

    def _write(self, entries: Entries, sealed: _Sealed, keys: Sequence[bytes]) -> None:
        token = _cipher(keys).encrypt(_ENTRIES.dump_json(entries)).decode()
        content = sealed.model_copy(update={"secrets": token}).model_dump_json()
        if len(content) > LARGEST:
            raise ConfigurationError(f"more than {LARGEST >> 20} MiB of secrets")
        replace_file(self.path, content.encode())


def _cipher(keys: Sequence[bytes]) -> MultiFernet:
    """Encrypts with the first key, and decrypts with any.

    Raises:
        ValueError: One is not a key.
    """
    return MultiFernet([Fernet(key) for key in keys])
