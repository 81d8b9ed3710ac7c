"""What travels: the bodies that sentinels and people send. Field by field as the server declares them."""

from __future__ import annotations

from typing import Annotated, Any, Final

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    create_model,
)

NAME = "^[^\\x00]*$"
Text = Annotated[str, StringConstraints(min_length=1, pattern=NAME)]
"""Required and not empty; PostgreSQL takes no NUL."""


def _whole(value: Any) -> Any:
    """JSON Schema counts 1.0 among the integers; Go does not, see gojson."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


WHOLE: Final = BeforeValidator(_whole)
Int32 = Annotated[int, Field(ge=-(2**31), lt=2**31), WHOLE]
Int64 = Annotated[int, Field(ge=-(2**63), lt=2**63), WHOLE]
Seconds = Annotated[int, Field(ge=0, lt=32_503_680_000), WHOLE]
"""Unix time before the year 3000, so that milliseconds are none."""


class Body(BaseModel):
    """Unknown fields are ignored, as Go does; numbers are not taken from text."""

    model_config = ConfigDict(extra="ignore", strict=True, allow_inf_nan=False)


class Registration(Body):
    name: Annotated[Text, Field(max_length=255)]
    hostname: Annotated[Text, Field(max_length=255)]
    """The identity: the same host gets the same credentials again."""
    version: Annotated[Text, Field(max_length=32)]
    os: Annotated[Text, Field(max_length=64)]
    arch: Annotated[Text, Field(max_length=32)]
    ip_address: Annotated[str, Field(max_length=64, pattern=NAME)] = ""
    mac_address: Annotated[str, Field(pattern=NAME)] = ""
    region: Annotated[str, Field(max_length=64, pattern=NAME)] = ""
    labels: dict[str, Any] | None = None
    registration_key: str = ""


class Heartbeat(Body):
    cpu_usage: float = 0
    """Percent, as the two below."""
    memory_usage: float = 0
    disk_usage: float = 0
    task_count: Int32 = 0
    plugin_count: Int32 = 0
    uptime_seconds: Int64 = 0
    config_error: str = ""
    """Why a reload was refused; the real server leaves it out."""
    version: Annotated[str, Field(max_length=32, pattern=NAME)] = ""


class Report(Body):
    """One run of a task."""

    status: Annotated[Text, Field(max_length=32)]
    metrics_collected: Int32 = 0
    error_message: Annotated[str | None, Field(pattern=NAME)] = None
    execution_time_ms: Int32 = 0
    executed_at: str = ""
    """RFC 3339; anything else means now."""


class Metric(Body):
    name: Annotated[str, Field(min_length=1)]
    value: float = 0
    type: str = ""
    labels: dict[str, str] = Field(default_factory=dict)
    timestamp: Seconds = 0
    """0 means now."""


class Ingest(Body):
    metrics: Annotated[list[Metric], Field(min_length=1)]


class Neighbor(Body):
    local_interface: Annotated[str, Field(max_length=128)] = ""
    neighbor_chassis_id: Annotated[str, Field(max_length=128)] = ""
    neighbor_port_id: Annotated[str, Field(max_length=128)] = ""
    neighbor_system_name: Annotated[str, Field(max_length=255)] = ""
    neighbor_system_desc: str = ""
    neighbor_port_desc: Annotated[str, Field(max_length=255)] = ""
    neighbor_mgmt_addr: Annotated[str, Field(max_length=64)] = ""
    ttl: Int32 = 0


class Neighbors(Body):
    device_id: Annotated[Text, Field(max_length=64)]
    neighbors: list[Neighbor]


class Device(Body):
    """What a person may say of a device."""

    name: Annotated[Text, Field(max_length=255)]
    device_type: Annotated[str, Field(max_length=64, pattern=NAME)] = ""
    sentinel_id: Annotated[str, Field(max_length=64, pattern=NAME)] = ""
    connection_config: dict[str, Any] = Field(default_factory=dict)
    labels: dict[str, str] = Field(default_factory=dict)


class Task(Body):
    """What a person may say of a task."""

    device_id: Annotated[Text, Field(max_length=64)]
    sentinel_id: Annotated[str, Field(max_length=64, pattern=NAME)] = ""
    """Empty: the sentinel that is there, or the first that registers."""
    plugin_name: Annotated[Text, Field(max_length=64)]
    config: dict[str, Any] | None = None
    interval_seconds: Annotated[int, Field(gt=0, lt=2**31), WHOLE] = 60
    timeout_seconds: Annotated[int, Field(gt=0, lt=2**31), WHOLE] = 30
    retry_count: Annotated[int, Field(ge=0, lt=2**31), WHOLE] = 3
    priority: Annotated[int, Field(ge=0, le=10), WHOLE] = 5
    enabled: bool = True


def _change(model: type[Body]) -> type[Body]:
    """The same with nothing required: what a change leaves out stays as it is."""
    fields: dict[str, Any] = {
        name: (Annotated[(field.annotation, Field(), *field.metadata)], None)
        for name, field in model.model_fields.items()
    }
    return create_model(f"{model.__name__}Change", __base__=Body, **fields)


DeviceChange: Final = _change(Device)
TaskChange: Final = _change(Task)
