"""An output: a writer with its name and delivery policy."""

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
    """Also its name in the buffer, so it must stay the same over restarts."""
    writer: Writer[Any]
    policy: DeliveryPolicy = field(default_factory=DeliveryPolicy)
    processors: Sequence[Processor[Any]] = ()
    """Between the buffer and the writer; started, and stateless."""
