"""A plugin.yaml becomes a description, or words about what is wrong with it: file, line and key."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final, cast

import yaml
from pydantic import ValidationError

from orbital_runtime.directory.files import NAME
from orbital_sdk import ConfigurationError
from orbital_sdk.problems import Problem, invalid, line_of, undotted, unreadable
from orbital_sdk.schema.plugin_file import PluginFile

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

MAX_BYTES: Final = 1 << 20
"""Size of a plugin.yaml."""
_LOADER: Final[Any] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(frozen=True, slots=True)
class Description:
    """What a plugin.yaml says."""

    path: Path
    file: PluginFile
    values: Mapping[str, Any]
    """As the user wrote it."""
    root: Any
    """The same with lines, as `yaml.compose` gives it."""

    def place(self, error: ConfigurationError) -> ConfigurationError:
        """The same error, with file, line and key."""
        found = getattr(error, "problems", None) or [
            Problem(str(error), undotted(error.field or ""))
        ]
        path = str(self.path)
        return _refusal(replace(p, file=path, line=line_of(self.root, p.loc)) for p in found)


def read(folder: Path) -> Description:
    """The description of this folder.

    Raises:
        ConfigurationError: All that is wrong with it.
    """
    path = folder / NAME
    text = _text(path)
    try:
        root: Any = yaml.compose(text, Loader=_LOADER)  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType] (PyYAML has no types)
        values: object = yaml.load(text, Loader=_LOADER)  # noqa: S506 (both loaders are safe)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise _refusal([unreadable(error, text, str(path))]) from error
    try:
        file = PluginFile.model_validate(values or {})
    except ValidationError as error:
        raise _refusal(invalid(error, PluginFile, root, str(path))) from error
    return Description(path, file, cast("Mapping[str, Any]", values), root)


def _text(path: Path) -> str:
    try:
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
        if len(content) > MAX_BYTES:
            raise ConfigurationError(f"{path} is larger than {MAX_BYTES >> 20} MiB")
        return content.decode("utf-8-sig")
    except OSError as error:
        raise ConfigurationError(f"{path} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise ConfigurationError(f"{path} is not UTF-8 text") from error


def _refusal(problems: Iterable[Problem]) -> ConfigurationError:
    return ConfigurationError("; ".join(map(str, problems)))
