"""Puts `Authorization` on each request; secrets in files are read again when the file changes."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

from requests.auth import AuthBase

from orbital_http.errors import HttpMisconfigured
from orbital_sdk.secrecy import hold

if TYPE_CHECKING:
    from pathlib import Path

    from pydantic import SecretStr
    from requests import PreparedRequest

    from orbital_http.settings import BasicAuth


class SecretFile:
    """A file with one secret, kept until its time, size or inode changes.

    Args:
        path: Of the file.
        key: The setting that names it.
    """

    def __init__(self, path: Path, key: str) -> None:
        self._path = path
        self._key = key
        self._seen: tuple[int, int, int] | None = None
        self._text = ""

    def read(self) -> str:
        """The secret, without the white space around it.

        Raises:
            HttpMisconfigured: The file is missing, unreadable or empty.
        """
        try:
            status = self._path.stat()
            seen = status.st_mtime_ns, status.st_size, status.st_ino
            if seen != self._seen:
                self._text = self._path.read_text(encoding="utf-8").strip()
                self._seen = seen
                hold(f"{self._key} {self._path}", [self._text])
        except (OSError, UnicodeDecodeError) as error:
            why = error.strerror if isinstance(error, OSError) else "not UTF-8"
            message = f"cannot read {self._key} {self._path}: {why}"
            raise HttpMisconfigured(message, sent=False) from error
        if not self._text:
            raise HttpMisconfigured(f"{self._key} {self._path} is empty", sent=False)
        return self._text


class Credentials(AuthBase):
    """What the settings say, as requests wants it.

    Args:
        basic_auth: User and password.
        bearer_token: A token instead.
        bearer_token_file: A file with the token.
    """

    def __init__(
        self,
        basic_auth: BasicAuth | None = None,
        bearer_token: SecretStr | None = None,
        bearer_token_file: Path | None = None,
    ) -> None:
        self._basic = basic_auth
        self._token = bearer_token
        self._password_file = self._token_file = None
        if basic_auth and basic_auth.password_file:
            self._password_file = SecretFile(basic_auth.password_file, "basic_auth.password_file")
        if bearer_token_file:
            self._token_file = SecretFile(bearer_token_file, "bearer_token_file")

    def header(self) -> str | None:
        """The value of `Authorization`, None where there is nothing to say.

        Raises:
            HttpMisconfigured: A file with a secret cannot be read.
        """
        if self._basic is not None:
            pair = f"{self._basic.username}:{self._password()}".encode()
            return f"Basic {base64.b64encode(pair).decode('ascii')}"
        if self._token is not None:
            return f"Bearer {self._token.get_secret_value()}"
        return f"Bearer {self._token_file.read()}" if self._token_file else None

    def __call__(self, request: PreparedRequest) -> PreparedRequest:
        header = self.header()
        if header is not None:
            request.headers["Authorization"] = header
        return request

    def _password(self) -> str:
        if self._password_file is not None:
            return self._password_file.read()
        secret = self._basic.password if self._basic else None
        return secret.get_secret_value() if secret else ""
