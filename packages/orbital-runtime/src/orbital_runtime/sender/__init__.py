"""Delivers what the buffer holds: one loop an output, each with its own pace, patience and position."""

from orbital_runtime.delivery_policy import DeliveryPolicy
from orbital_runtime.sender.output import Output
from orbital_runtime.sender.pacing.breaker import State
from orbital_runtime.sender.sender import Sender
from orbital_runtime.sender.status import OutputStatus, Phase

__all__ = [
    "DeliveryPolicy",
    "Output",
    "OutputStatus",
    "Phase",
    "Sender",
    "State",
]
