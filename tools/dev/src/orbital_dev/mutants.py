"""Whether the tests of a room notice when it is changed: one change after the other, in a copy."""

from __future__ import annotations

import importlib
import multiprocessing
import os
import random
import shutil
import signal
import sys
import sysconfig
import time
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import pytest

from orbital_dev.mutations import Mutation, mutations

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

OPTIONS: Final = (
    "-x", "-q", "-p", "no:cacheprovider", "--hypothesis-seed=0",
    "-W", "ignore::pytest.PytestAssertRewriteWarning",
)  # fmt: skip
PATIENCE: Final = 5
"""A run of the tests that takes so many times as long as the unchanged one, and the grace, hangs."""


class NoRoom(LookupError):  # noqa: N818 (reads as what happened)
    """There is nothing to change, or no test that could notice."""


@dataclass(frozen=True, slots=True)
class Room:
    """A folder or a module of a package, and its tests."""

    sources: Path
    """The folder that is imported from: `…/src`."""
    modules: tuple[Path, ...]
    tests: tuple[Path, ...]


@dataclass(frozen=True, slots=True)
class Mutant:
    """One change of one module."""

    module: Path
    mutation: Mutation


def find_room(root: Path, name: str, tests: Sequence[Path] = ()) -> Room:
    """The room of this name (`sender`, `sender/refusals`) or path, which may be a whole package.

    Its tests are the folder of its name beneath `tests` of the package, unless others are given.

    Raises:
        NoRoom: There is none, several have this name, or it has no tests.
    """
    places = [root / name] if (root / name).exists() else sorted(root.glob(f"*/*/src/*/{name}"))
    if len(places) != 1:
        raise NoRoom(f"{len(places)} rooms are called {name!r}; give a path")
    (place,) = places
    modules = tuple(sorted(place.rglob("*.py"))) if place.is_dir() else (place,)
    sources = next((folder for folder in place.parents if folder.name == "src"), None)
    if sources is None or not modules:
        raise NoRoom(f"{place} is not a source of a package")
    usual = (sources.parent / "tests").joinpath(*place.relative_to(sources).parts[1:2])
    found = tuple(tests) or ((usual,) if usual.is_dir() else ())
    if not found:
        raise NoRoom(f"there is no folder {usual}; say with --tests where the tests are")
    return Room(sources, modules, found)


def sample(room: Room, count: int | None, seed: int) -> list[Mutant]:
    """So many mutants of a room, the same for each seed; None: all."""
    every = [
        Mutant(module, mutation)
        for module in room.modules
        for mutation in mutations(module.read_text(encoding="utf-8"))
    ]
    if count is None or count >= len(every):
        return every
    chosen = random.Random(seed).sample(range(len(every)), count)  # noqa: S311 (no secret)
    return [every[index] for index in sorted(chosen)]


class Trial:
    """A copy of a room's sources, and runs of the tests against it.

    Each run is a fork of this process, in which all modules that are not ours are loaded already.

    Args:
        room: What is changed.
        folder: For the copy.
        grace: Seconds for what else the machine does.

    Raises:
        NoRoom: The tests fail without any change.
    """

    def __init__(self, room: Room, folder: Path, *, grace: float) -> None:
        self._room = room
        self._copy = folder / "src"
        self._folder = folder
        shutil.copytree(room.sources, self._copy)
        self._grace = grace
        self._limit: float | None = None
        self._warm_up()

    def survives(self, mutant: Mutant) -> bool:
        """Whether all tests pass with this change. Those that are named after its module run first."""
        target = self._copy / mutant.module.relative_to(self._room.sources)
        target.write_text(mutant.mutation.source, encoding="utf-8")
        try:
            return self._run(mutant.module.stem) == 0
        finally:
            shutil.copyfile(mutant.module, target)

    def _warm_up(self) -> None:
        self._check()
        for name in self._loaded.read_text().split():
            with suppress(Exception):  # some want to be loaded by others
                importlib.import_module(name)
        start = time.monotonic()
        self._check()
        self._limit = PATIENCE * (time.monotonic() - start) + self._grace

    def _check(self) -> None:
        if self._run() != 0:
            raise NoRoom(f"the tests fail as it is:\n{self._log.read_text(errors='replace')}")

    @property
    def _log(self) -> Path:
        return self._folder / "log"

    @property
    def _loaded(self) -> Path:
        return self._folder / "loaded"

    def _run(self, stem: str = "") -> int | None:
        """The exit code of the tests; None where they took too long."""
        process = multiprocessing.get_context("fork").Process(target=self._test, args=(stem,))
        process.start()
        process.join(self._limit)
        with suppress(ProcessLookupError):  # and whatever it started
            os.killpg(process.pid or 0, signal.SIGKILL)
        late = process.is_alive()
        process.join()
        return None if late else process.exitcode

    def _test(self, stem: str) -> None:
        os.setsid()
        with self._log.open("w") as log:
            os.dup2(log.fileno(), 1)
            os.dup2(log.fileno(), 2)
        sys.dont_write_bytecode = True
        sys.path.insert(0, str(self._copy))
        os.environ |= {
            "PYTHONPATH": str(self._copy),
            "HYPOTHESIS_STORAGE_DIRECTORY": str(self._folder / "hypothesis"),
        }
        every = [
            path for test in self._room.tests for path in sorted(test.rglob("test*.py")) or [test]
        ]
        every.sort(key=lambda path: stem not in path.stem)
        code = pytest.main([*OPTIONS, *map(str, every)])
        self._loaded.write_text("\n".join(_foreign()))
        os._exit(int(code))


def _foreign() -> Iterator[str]:
    """Modules that were loaded and are not of this workspace."""
    places = tuple(sysconfig.get_path(name) for name in ("stdlib", "purelib", "platlib"))
    for name, module in list(sys.modules.items()):
        origin = getattr(getattr(module, "__spec__", None), "origin", None)
        if name != "__main__" and isinstance(origin, str) and origin.startswith(places):
            yield name
