"""The engine: one statement at a time, with settings, a database and data as a server's client gives them."""

from __future__ import annotations

import re
import tempfile
import threading
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

USERS: Final = {
    "default": ("", False),
    "writer": ("correct-hörse", False),
    "reader": ("look", True),
}
"""Name -> password, and whether it may only read. The engine has no users: these are the bench's."""
AUTHENTICATION_FAILED: Final = 516
_CODE: Final = re.compile(r"Code: (\d+)\.")
_FORMAT: Final = re.compile(r"\bFORMAT\s+(\w+)\s*;?\s*\Z", re.IGNORECASE)
_TAKES_SETTINGS: Final = ("INSERT", "SELECT", "WITH", "SHOW", "DESCRIBE", "DESC", "EXISTS")


class EngineError(Exception):
    """What ClickHouse says, with its number."""

    def __init__(self, text: str, code: int | None = None) -> None:
        super().__init__(text)
        found = _CODE.search(text)
        self.code = code if code is not None else int(found[1]) if found else 1001


class Engine:
    """One engine with its data in a folder. Threads may share it.

    Args:
        folder: For its data.
    """

    def __init__(self, folder: Path) -> None:
        from chdb import session  # noqa: PLC0415 (hundreds of megabytes: only in the server's process)

        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._session: Any = session.Session(str(folder / "data"))
        self._lock = threading.Lock()
        self._run("CREATE DATABASE IF NOT EXISTS default ENGINE = Atomic")

    def authenticate(self, user: str, password: str) -> bool:
        """Whether this user may only read.

        Raises:
            EngineError: As a server says it.
        """
        known = USERS.get(user)
        if known is None or known[0] != password:
            raise EngineError(
                f"Code: {AUTHENTICATION_FAILED}. DB::Exception: {user}: Authentication failed: password is"
                " incorrect, or there is no user with such name. (AUTHENTICATION_FAILED)"
            )
        return known[1]

    def query(
        self,
        sql: str,
        *,
        database: str = "default",
        settings: Mapping[str, str] | None = None,
        read_only: bool = False,
        data: bytes = b"",
        form: str = "TabSeparated",
    ) -> bytes:
        """Run one statement.

        Args:
            sql: With or without a FORMAT of its own.
            database: The one that names without a database mean.
            settings: Of this statement.
            read_only: Whether the user may change nothing.
            data: What an INSERT inserts, in its FORMAT.
            form: FORMAT where the statement names none.

        Raises:
            EngineError: What ClickHouse says.
        """
        if read_only and not _takes_settings(sql):  # there the engine would not learn of it
            raise EngineError(
                "Code: 164. DB::Exception: Cannot execute query in readonly mode. (READONLY)"
            )
        named = _FORMAT.search(sql)
        statement = sql[: named.start()] if named else sql.rstrip().rstrip(";")
        chosen = dict(settings or {}) | ({"readonly": "1"} if read_only else {})
        clause = _settings(statement, chosen)
        form = named[1] if named else form
        with self._lock:
            self._run(f"USE `{database}`")
            if not data:
                return self._run(statement + clause, form)
            with tempfile.NamedTemporaryFile(dir=self._folder) as file:
                file.write(data)
                file.flush()
                return self._run(f"{statement} FROM INFILE '{file.name}'{clause} FORMAT {form}")

    def _run(self, sql: str, form: str = "TabSeparated") -> bytes:
        try:
            answer: bytes | None = self._session.query(sql, form).bytes()
        except Exception as error:  # chdb raises what it likes
            raise EngineError(str(error)) from error
        return answer or b""


def _settings(statement: str, settings: Mapping[str, str]) -> str:
    """Settings as a clause. Statements that create or alter have no room for them."""
    if not settings or not _takes_settings(statement):
        return ""
    pairs = [f"{name} = '{_quoted(value)}'" for name, value in settings.items()]
    return f" SETTINGS {', '.join(pairs)}"


def _takes_settings(statement: str) -> bool:
    return statement.lstrip().upper().startswith(_TAKES_SETTINGS)


def _quoted(value: str) -> str:
    return value.replace("\\", "\\\\").replace("'", "\\'")
