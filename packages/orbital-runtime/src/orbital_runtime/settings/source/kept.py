"""The texts of a configuration as they were read, references to secrets unresolved: to be read once more."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

import msgspec

from orbital_sdk.problems import Problem


class Texts(Protocol):
    """Where the texts of a configuration come from: module `files`, or `KeptTexts`."""

    def read(self, path: Path, problems: list[Problem]) -> str | None:
        """The text of the file; None, and a problem, if it cannot be read."""
        ...

    def task_files(self, folder: Path, problems: list[Problem], *, named: bool) -> list[Path]:
        """The files of a tasks folder, sorted by name; a problem if a `named` one cannot be read."""
        ...


class KeptTexts(msgspec.Struct, frozen=True):
    """The texts of one configuration."""

    path: str
    """The file, absolute."""
    kept_ms: int
    """Milliseconds UTC."""
    texts: dict[str, str]
    """Absolute path -> text, of the file and of its tasks folder."""

    def read(self, path: Path, problems: list[Problem]) -> str | None:
        """As in `Texts`."""
        text = self.texts.get(str(path.absolute()))
        if text is None:
            problems.append(Problem("was not kept", file=str(path)))
        return text

    def task_files(self, folder: Path, problems: list[Problem], *, named: bool) -> list[Path]:
        """As in `Texts`. A folder that is not there was empty."""
        del problems, named
        files = [Path(path) for path in self.texts if path != self.path]
        return sorted(path for path in files if path.parent == folder.absolute())
