"""What a program offers, and what each of it says about itself: the form of `orbital_sdk.schema.manifest`."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec
from msgspec import UNSET, UnsetType

from orbital_sdk.wire.form import Form
from orbital_sdk.wire.limits import Name

Text = Annotated[str, msgspec.Meta(max_length=1 << 20)]


class Field(Form):
    """A device field or a setting, for forms, tables and a `plugin.yaml`."""

    name: Name
    type: Literal[
        "string", "int", "float", "bool", "password", "duration", "size", "list", "map", "any"
    ]
    required: bool
    default: Any = UNSET
    """As a user writes it. Those of secrets are left out."""
    description: Text | UnsetType = UNSET
    validation: Text | UnsetType = UNSET
    """A regular expression."""
    min: float | int | UnsetType = UNSET
    max: float | int | UnsetType = UNSET
    min_length: int | UnsetType = UNSET
    max_length: int | UnsetType = UNSET
    choices: tuple[Any, ...] | UnsetType = UNSET
    placeholder: Any = UNSET
    items: Name | UnsetType = UNSET
    """The type of a list's items."""
    fields: tuple[Field, ...] | UnsetType = UNSET
    """What is inside."""


class Described(Form):
    """A metric that the class declares."""

    name: Name
    type: Literal["gauge", "counter"]
    unit: Name
    description: Text
    labels: tuple[Name, ...]


class Manifest(Form):
    """What a class says about itself. Of a writer: without devices and metrics."""

    meta: dict[str, Any]
    """`name`, `version`, `description`; of plugins `author`, `device_types` and more, as they say."""
    config_schema: dict[str, Any]
    """JSON Schema 2020-12."""
    config_fields: tuple[Field, ...]
    device_schema: dict[str, Any] | UnsetType = UNSET
    device_fields: tuple[Field, ...] | UnsetType = UNSET
    metrics: tuple[Described, ...] | UnsetType = UNSET


def checked(about: dict[str, Any]) -> Manifest:
    """What `orbital_sdk.schema.manifest` gives, as it crosses.

    Raises:
        msgspec.ValidationError: It is not a manifest.
    """
    return msgspec.convert(about, Manifest)
