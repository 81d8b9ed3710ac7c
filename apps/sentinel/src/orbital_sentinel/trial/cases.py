"""The file of tests: its keys, and what is wrong with them."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import BeforeValidator, Field, ValidationError

from orbital_runtime.settings.load import presented
from orbital_runtime.settings.model.base import OpenSection, Section
from orbital_runtime.settings.problem import SettingsError
from orbital_runtime.settings.source.document import parse
from orbital_sdk.problems import Problem
from orbital_sdk.problems.validation import explain
from orbital_sdk.units import Duration  # noqa: TC001 (pydantic reads annotations)
from orbital_sentinel.trial.exposition import read

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from orbital_runtime.settings.source.tree import Node


def _exposition(text: object) -> object:
    if isinstance(text, str):
        try:
            read(text)
        except ValueError as error:
            raise ValueError(f"is not text in Prometheus' format: {error}") from error
    return text


Samples = Annotated[str, BeforeValidator(_exposition)]


class GivenSection(OpenSection):
    """One collection: its samples, or a recording by its kind (`walk: FILE`, `body: FILE`)."""

    at: Duration = 0
    """When it is, from the beginning of the test."""
    samples: Samples = ""
    """What the plugin gave, a line each."""


class CaseSection(Section):
    """One test."""

    name: Annotated[str, Field(min_length=1)]
    """What it is to show."""
    task: str = ""
    """Whose samples they are: its labels and its processors take part; a recording needs one."""
    output: str = ""
    """Where they go: its processors take part, too."""
    given: Annotated[
        list[GivenSection],
        BeforeValidator(lambda given: [given] if isinstance(given, dict) else given),
        Field(min_length=1),
    ]
    """What is collected, once or several times."""
    expect: Samples | None = None
    """All samples that come out, in any order."""
    include: Samples = ""
    """Samples that come out, among others."""
    absent: list[str] = Field(default_factory=list[str])
    """Metrics of which nothing comes out."""


class FileSection(Section):
    """A file of tests."""

    configuration: str = ""
    """The configuration, beside this file; default: that of the command."""
    tests: Annotated[list[CaseSection], Field(min_length=1)]
    """The tests."""


@dataclass(frozen=True, slots=True)
class Tests:
    """A file of tests, read."""

    file: Path
    configuration: Path | None
    cases: list[CaseSection]
    root: Node

    def place(self, index: int) -> str:
        """File and line of a test."""
        node = self.root.find(("tests", index))
        return f"{self.file}:{node.line}" if node else str(self.file)

    def refuse(self, problems: Iterable[Problem]) -> SettingsError:
        """These problems, with file, line and key."""
        return SettingsError(presented(problems, self.root))


def read_tests(file: Path) -> Tests:
    """The tests of a file.

    Raises:
        SettingsError: All that is wrong with it.
        OSError: It cannot be read.
    """
    problems: list[Problem] = []
    try:
        text = file.read_text("utf-8")
    except UnicodeDecodeError as error:
        raise SettingsError([Problem("is not UTF-8 text", file=str(file))]) from error
    root = parse(text, str(file), os.environ, problems)
    if root is None or problems:
        raise SettingsError(problems)
    plain: Any = root.plain()
    try:
        found = FileSection.model_validate(plain)
    except ValidationError as error:
        raise SettingsError(presented(explain(error, FileSection), root)) from error
    named = file.parent / found.configuration if found.configuration else None
    return Tests(file, named, found.tests, root)
