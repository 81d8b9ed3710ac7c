"""Profiles from YAML: those that come with the package, and those in a folder of the user's."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import yaml
from pydantic import ValidationError

from orbital_plugin_snmp.profiles.models import Profile
from orbital_plugin_snmp.profiles.near import did_you_mean
from orbital_sdk import ConfigurationError
from orbital_sdk.problems import invalid, unreadable

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

LARGEST: Final = 4 << 20
"""Bytes of a profile's file."""
_LOADER: Final[Any] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_ENDINGS: Final = (".yaml", ".yml")


def parse(text: str, *, source: str, name: str) -> Profile:
    """A profile out of YAML.

    Args:
        text: The YAML.
        source: File or place, for messages.
        name: What it is called unless it says so itself.

    Raises:
        ConfigurationError: What is wrong, in which line, and what was probably meant.
    """
    try:
        given: Any = yaml.load(text, Loader=_LOADER)  # noqa: S506 (both loaders are safe)
    except yaml.YAMLError as error:
        raise ConfigurationError(str(unreadable(error, text, source)), field="profiles") from error
    if not isinstance(given, dict):
        raise ConfigurationError(
            f"{source}: a profile is a map with scalars and tables", field="profiles"
        )
    try:
        return Profile.model_validate({"name": name, **given})
    except ValidationError as error:
        root: Any = yaml.compose(text, Loader=_LOADER)  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType] (PyYAML has no types)
        lines = "\n".join(map(str, invalid(error, Profile, root, source)))
        raise ConfigurationError(lines, field="profiles") from error


@cache
def shipped() -> Mapping[str, Profile]:
    """The profiles that come with the package, by name."""
    folder = files("orbital_plugin_snmp.profiles") / "shipped"
    found = {
        Path(file.name).stem: file.read_text(encoding="utf-8")
        for file in folder.iterdir()
        if file.name.endswith(_ENDINGS)
    }
    return {
        name: parse(text, source=f"shipped profile {name}", name=name)
        for name, text in sorted(found.items())
    }


def folder_profiles(folder: str) -> dict[str, Profile]:
    """The profiles in a folder of the user's, by name.

    Raises:
        ConfigurationError: The folder cannot be read, or a file in it is not a profile.
    """
    try:
        paths = sorted(path for path in Path(folder).iterdir() if path.suffix in _ENDINGS)
        texts = {path: _read(path) for path in paths}
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(
            f"the folder of profiles {folder} cannot be read: {error}", field="profile_folder"
        ) from error
    profiles = [parse(text, source=str(path), name=path.stem) for path, text in texts.items()]
    return {profile.name: profile for profile in profiles}


def _read(path: Path) -> str:
    if path.stat().st_size > LARGEST:
        raise OSError(f"{path.name} has more than {LARGEST} bytes")
    return path.read_text(encoding="utf-8")


def resolve(wanted: Iterable[str | Profile], known: Mapping[str, Profile]) -> tuple[Profile, ...]:
    """Profiles by name or as they are, each once, and before it those that it extends.

    Raises:
        ConfigurationError: A name that nobody has.
    """
    chosen: dict[str, Profile] = {}

    def add(one: str | Profile) -> None:
        name = one if isinstance(one, str) else one.name
        profile = known.get(name) if isinstance(one, str) else one
        if profile is None:
            raise ConfigurationError(
                f"there is no profile {name!r}{did_you_mean(name, known)}", field="profiles"
            )
        if name not in chosen:
            chosen[name] = profile  # before what it extends, so that a circle ends
            for base in profile.extends:
                add(base)

    for one in wanted:
        add(one)
    return tuple(chosen.values())
