"""A folder with a configuration, and what loading it gives."""

from collections.abc import Callable
from pathlib import Path

import pytest

from orbital_runtime.plugins.registry import Registry
from orbital_runtime.settings import Loaded, SettingsError, load
from orbital_runtime_testing.parts import made_up


class Desk:
    """A folder with a configuration, and what loading it gives."""

    def __init__(self, folder: Path, registry: Registry) -> None:
        self.file = folder / "config.yaml"
        self._registry = registry

    def load(self, text: str, **environ: str) -> Loaded:
        self.file.write_text(text)
        self.file.chmod(0o600)
        return self.again(**environ)

    def again(self, **environ: str) -> Loaded:
        return load(self.file, environ, registry=self._registry)

    def problems(self, text: str, **environ: str) -> list[str]:
        with pytest.raises(SettingsError) as caught:
            self.load(text, **environ)
        return self.short(caught.value)

    def short(self, error: SettingsError) -> list[str]:
        return [str(p).replace(f"{self.file.parent}/", "") for p in error.problems]


@pytest.fixture(scope="session")
def desk_in() -> Callable[[Path], Desk]:
    """Makes a desk of this folder."""
    return lambda folder: Desk(folder, made_up())


@pytest.fixture
def desk(desk_in, tmp_path: Path) -> Desk:
    return desk_in(tmp_path)
