"""The base of all sections, and types of values that several of them use."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    SecretStr,
    ValidationError,
    WithJsonSchema,
    model_validator,
)

from orbital_runtime.scheduler.assignment import parse_shard
from orbital_sdk import ConfigurationError
from orbital_sdk.metric import LABEL_NAME
from orbital_sdk.units import Duration, format_duration

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pydantic_core import InitErrorDetails


class Section(BaseModel):
    """Frozen, strict about unknown keys. A key without a value (`key:`) counts as left out."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        use_attribute_docstrings=True,
        hide_input_in_errors=True,
        coerce_numbers_to_str=True,  # `id: 7` and `rack: 12` need no quotes
    )

    @model_validator(mode="before")
    @classmethod
    def _empty_is_left_out(cls, data: Any) -> Any:
        if data is None:
            return {}
        return {k: v for k, v in data.items() if v is not None} if isinstance(data, dict) else data  # pyright: ignore[reportUnknownVariableType] (what YAML gives)


class OpenSection(Section):
    """A section whose other keys belong to a plugin or writer and are checked by it. They may be secret."""

    model_config = ConfigDict(extra="allow")

    @property
    def options(self) -> dict[str, Any]:
        """The other keys, as they stand in the file."""
        return self.model_extra or {}

    def __repr_args__(self) -> Iterator[tuple[str | None, Any]]:  # keeps passwords out of logs
        for name, value in super().__repr_args__():
            yield name, "..." if name in self.options else value


def wrong(section: Section, key: str, message: str) -> ValidationError:
    """An error of one key, to be raised by a check of the whole section."""
    detail: InitErrorDetails = {
        "type": "value_error", "loc": (key,), "input": None, "ctx": {"error": ValueError(message)},
    }  # fmt: skip
    return ValidationError.from_exception_data(type(section).__name__, [detail])


def at_least(seconds: float) -> Callable[[float], float]:
    """A check that a duration is not below `seconds`."""

    def check(value: float) -> float:
        if value < seconds:
            raise ValueError(f"must be at least {format_duration(seconds)}")
        return value

    return check


def sendable(text: str) -> str:
    """A valid value of an HTTP header, without a trailing line break.

    Raises:
        ValueError: It is not valid; the message does not contain it.
    """
    line = text.strip()
    if not (line.isascii() and line.isprintable()):
        raise ValueError("must be one line of plain ASCII text")
    return line


SecretLine = Annotated[
    SecretStr, AfterValidator(lambda value: SecretStr(sendable(value.get_secret_value())))
]
"""A secret that is sent in a header."""

Interval = Annotated[Duration, AfterValidator(at_least(0.01))]
"""Seconds between two things, 10ms or more."""

Timeout = Annotated[Duration, AfterValidator(at_least(0.001))]
"""Seconds that something may take, 1ms or more."""

Share = Annotated[float, Field(gt=0, le=1)]
"""A part of a whole, above 0 and up to 1."""


def _label_name(name: str) -> str:
    if not LABEL_NAME.fullmatch(name):
        raise ValueError("a label's name is made of letters, digits and _")
    if name == "device_id" or name.startswith("__"):
        raise ValueError("is set by the agent itself; choose another name")
    return name


Labels = dict[Annotated[str, AfterValidator(_label_name)], str]
"""Label names and their values."""


def _shard(text: str) -> str:
    try:
        parse_shard(text)
    except ConfigurationError as error:
        raise ValueError(str(error)) from error
    return text


ShardText = Annotated[
    str, AfterValidator(_shard), WithJsonSchema({"type": "string", "examples": ["2/8"]})
]
"""Number and count of sentinels, `2/8`, as scheduler/assignment reads it."""
