"""What samples are delivered to."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from orbital_runtime.delivery_policy import DeliveryPolicy

if TYPE_CHECKING:
    from collections.abc import Sequence

    from orbital_sdk import Processor, Writer


@dataclass(frozen=True, slots=True)
class Output:
    """One configured destination."""

    name: str
    """Stable: what waits for it in the buffer is kept under this name."""
    writer: Writer[Any]
    policy: DeliveryPolicy = field(default_factory=DeliveryPolicy)
    processors: Sequence[Processor[Any]] = ()
    """Between the buffer and the writer; started, and stateless."""
