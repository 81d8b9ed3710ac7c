"""What samples are delivered to."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from orbital_runtime.delivery_policy import DeliveryPolicy

if TYPE_CHECKING:
    from orbital_sdk import Writer


@dataclass(frozen=True, slots=True)
class Output:
    """One configured destination."""

    name: str
    """Stable: what waits for it in the buffer is kept under this name."""
    writer: Writer[Any]
    policy: DeliveryPolicy = field(default_factory=DeliveryPolicy)
