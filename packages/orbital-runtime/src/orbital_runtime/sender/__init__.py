"""Delivers the samples of the buffer: a loop for each output, with its own position, backoff and breaker."""

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
