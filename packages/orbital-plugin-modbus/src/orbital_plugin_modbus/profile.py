"""Profiles: register maps in files that many devices share."""

from __future__ import annotations

import hashlib
from functools import cached_property, lru_cache
from importlib import resources
from pathlib import Path
from typing import Annotated, Any, Self

import yaml
from pydantic import Field, ValidationError, model_validator

from orbital_plugin_modbus.problem import MapProblem
from orbital_plugin_modbus.register import Register  # noqa: TC001 (pydantic reads annotations)
from orbital_plugin_modbus.register_map import make_map
from orbital_plugin_modbus.tables import SIZE
from orbital_plugin_modbus.types import Order  # noqa: TC001 (pydantic reads annotations)
from orbital_sdk.fields import Fields
from orbital_sdk.problems import invalid, unreadable

LARGEST = 1 << 20
"""Bytes of a profile's file."""


class Profile(Fields):
    """What a profile's file holds."""

    title: str
    """What it is for."""
    source: Annotated[str, Field(min_length=1)]
    """The public document that says so."""
    base: Annotated[int, Field(ge=0, lt=SIZE)] = 0
    """Added to every address, unless the task says otherwise."""
    order: Order = "ABCD"
    """Byte order of fields that name none."""
    max_registers: Annotated[int, Field(ge=1, le=125)] = 125
    """Registers that one read may ask for."""
    max_bits: Annotated[int, Field(ge=1, le=2000)] = 2000
    """Bits that one read may ask for."""
    registers: tuple[Register, ...]
    """The fields."""

    @cached_property
    def digest(self) -> str:
        """The same for equal content."""
        return hashlib.sha256(self.model_dump_json().encode()).hexdigest()

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if not self.registers:
            raise ValueError("there is nothing in registers")
        try:
            make_map([(self.registers, self.order, self.base)])
        except MapProblem as problem:
            raise problem.among(self.registers) from problem
        return self


def shipped() -> list[str]:
    """Names of the profiles that come with the plugin."""
    folder = resources.files("orbital_plugin_modbus") / "profiles"
    return sorted(
        entry.name.removesuffix(".yaml")
        for entry in folder.iterdir()
        if entry.name.endswith(".yaml")
    )


def load_profile(name: str) -> Profile:
    """A shipped profile by its name, or one of the user's own by the path of its file.

    Raises:
        ValueError: There is none, or it cannot be used; the message says where.
    """
    if "/" not in name and not name.endswith((".yaml", ".yml")):
        if name not in shipped():
            raise ValueError(
                f"there is no profile {name!r}; shipped are {', '.join(shipped())}; for a file of"
                " your own give its path, ending in .yaml"
            )
        return _parsed(
            name,
            (resources.files("orbital_plugin_modbus") / "profiles" / f"{name}.yaml").read_text(
                "utf-8"
            ),
        )
    path = Path(name)
    try:
        status = path.stat()
        if status.st_size > LARGEST:
            raise ValueError(f"the profile {name} is larger than {LARGEST} bytes")
        return _parsed(name, path.read_text("utf-8"))
    except OSError as error:
        raise ValueError(f"the profile {name} cannot be read: {error.strerror or error}") from error
    except UnicodeDecodeError as error:
        raise ValueError(f"the profile {name} is not text in UTF-8") from error


@lru_cache(maxsize=64)
def _parsed(name: str, text: str) -> Profile:
    """Tasks share a profile: a text that was read before is not read again."""
    try:
        document: Any = yaml.safe_load(text)
        return Profile.model_validate(document)
    except yaml.YAMLError as error:
        raise ValueError(str(unreadable(error, text, f"the profile {name}"))) from error
    except ValidationError as error:
        root: Any = yaml.compose(text, Loader=yaml.SafeLoader)  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType] (PyYAML has no types)
        problems = invalid(error, Profile, root, f"the profile {name}")
        raise ValueError("; ".join(map(str, problems))) from error
