"""What a `plugin.yaml` may say, in the original design's schema: the inverse of `manifest.plugin_yaml`."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeVar

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
)

from orbital_sdk.errors import ConfigurationError
from orbital_sdk.metric import METRIC_NAME, Kind
from orbital_sdk.problems import explain

if TYPE_CHECKING:
    from collections.abc import Sequence

    from orbital_sdk.problems import Loc, Problem

M = TypeVar("M", bound=BaseModel)

FieldType = Literal[
    "string", "int", "float", "bool", "password", "duration", "size", "list", "map", "any",
]  # fmt: skip


def _number_is_text(value: object) -> object:
    """`version: 1.0` is meant as text."""
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return str(value) if is_number else value


def _expression(text: str) -> str:
    try:
        re.compile(text)
    except re.error as error:
        raise ValueError(f"is not a regular expression: {error}") from None
    return text


def _metric_name(text: str) -> str:
    if not METRIC_NAME.fullmatch(text):
        raise ValueError("is not a metric name; use letters, digits, _ and :")
    return text


Text = Annotated[str, BeforeValidator(_number_is_text), Field(max_length=10_000)]
Name = Annotated[str, Field(min_length=1, max_length=200)]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


class Meta(_Part):
    """About the plugin. Further keys are its metadata."""

    model_config = ConfigDict(extra="allow")

    name: Annotated[Name, Field(pattern=r"^[A-Za-z][A-Za-z0-9_-]*$")]
    """What tasks call it."""
    version: Text = ""
    """Of the plugin."""
    description: Text = ""
    """One sentence for lists."""
    author: Text = ""
    """Who wrote it."""
    device_types: tuple[str, ...] = ()
    """Kinds of devices that it reads."""


class FieldEntry(_Part):
    """A field of the device, or a setting."""

    name: Annotated[Name, Field(pattern=r"^[A-Za-z][A-Za-z0-9_]*$")]
    """How users call it."""
    type: FieldType = "string"
    """Kind of its value."""
    required: bool = False
    """Whether it has to be given."""
    default: Any = None
    """Its value where it is left out."""
    description: Text = ""
    """What it means."""
    validation: Annotated[str, AfterValidator(_expression), Field(max_length=1000)] = ""
    """A regular expression that is found in its text; `^…$` for the whole text."""
    min: float | None = None
    """Least number, duration or size."""
    max: float | None = None
    """Greatest number, duration or size."""
    min_length: int | None = None
    """Fewest characters or items."""
    max_length: int | None = None
    """Most characters or items."""
    choices: tuple[Any, ...] = ()
    """The values that it may have."""
    placeholder: Any = None
    """An example, for forms."""
    items: FieldType | None = None
    """Of a list: type of its items."""
    fields: tuple[FieldEntry, ...] = ()
    """Of a map, or a list of maps: what is inside."""


class MetricEntry(_Part):
    """A metric that the plugin gives."""

    name: Annotated[Name, AfterValidator(_metric_name)]
    """Its name."""
    type: Kind = "gauge"
    """`gauge` or `counter`."""
    unit: Text = ""
    """Such as `bytes`."""
    description: Text = ""
    """One sentence."""
    labels: tuple[str, ...] = ()
    """Names of its labels."""
    oid: Text = ""
    """The SNMP object to read."""
    indexed: bool = False
    """The object is a column of a table: every row is read."""
    scale: float = 1.0
    """The number read is multiplied by this."""


class PluginFile(_Part):
    """A `plugin.yaml`."""

    meta: Meta
    """About the plugin."""
    device_fields: tuple[FieldEntry, ...] = ()
    """How a device is reached."""
    config_fields: tuple[FieldEntry, ...] = ()
    """How the plugin behaves."""
    metrics: tuple[MetricEntry, ...] = ()
    """What it gives."""
    exec: dict[str, Any] | None = None
    """A program that does the work. `protocol` in it names the loader."""

    @property
    def metadata(self) -> dict[str, Any]:
        """As `Plugin.metadata`."""
        extra = self.meta.model_extra or {}
        return {
            "author": self.meta.author,
            "device_types": list(self.meta.device_types),
            **extra,
        }


class DescriptionError(ConfigurationError):
    """A description says what cannot be.

    Args:
        problems: All that is wrong; `field` is the first place.
    """

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("\n".join(map(str, problems)), field=problems[0].key)
        self.problems = tuple(problems)


def checked(model: type[M], values: Any, *, at: Loc = ()) -> M:
    """A part of a description, validated.

    Args:
        model: What it has to be.
        values: The part.
        at: Where it stands in the description.

    Raises:
        DescriptionError: All that is wrong.
    """
    try:
        return model.model_validate(values)
    except ValidationError as error:
        raise DescriptionError(explain(error, model, prefix=at)) from error
