"""What a user may set: base models for device fields and for plugin, writer and processor settings.

A field is declared once. Validation, JSON Schema, the field lists of a `plugin.yaml`, command line and docs
are derived from it. Secrets are `SecretStr`; they are shown nowhere.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Annotated, Any, Final

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

if TYPE_CHECKING:
    from collections.abc import Iterator

HOSTNAME: Final = r"^[A-Za-z0-9_:]([A-Za-z0-9._:%-]*[A-Za-z0-9_:])?$"
"""A DNS name, an IPv4 address or an IPv6 address with an optional zone; never a leading hyphen."""


def _alone(host: str) -> str:
    if host.count(":") == 1:  # an IPv6 address has more
        raise ValueError("is not a host alone; its port goes into port")
    return host


Host = Annotated[
    str,
    Field(pattern=HOSTNAME, max_length=253, description="Address or DNS name"),
    AfterValidator(_alone),
]
Port = Annotated[int, Field(ge=1, le=65535, description="Port number")]


def _bare(text: str) -> str:
    return re.sub(r"(://[^\s?#]*)[?#]\S*", r"\1?***", re.sub(r"://[^/?#\s]*@", "://***@", text))


class Fields(BaseModel):
    """Settings: frozen, checked (defaults too), and strict about unknown keys; the docstring under a field
    is its description. The base of nested settings, too.
    """

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        validate_default=True,
        use_attribute_docstrings=True,
        hide_input_in_errors=True,
    )

    def __repr_args__(self) -> Iterator[tuple[str | None, Any]]:
        """Addresses go without user, password and query: those are often secrets."""
        for name, value in super().__repr_args__():
            yield name, _bare(value) if isinstance(value, str) else value


class DeviceFields(Fields):
    """How one device is reached: address, port, credentials."""


class PluginConfig(Fields):
    """How a plugin behaves. Tasks with equal settings share one plugin instance."""


class WriterConfig(Fields):
    """How one output reaches its destination."""


class ProcessorConfig(Fields):
    """What a processor does with the samples it sees."""
