"""What an extension, and the agent itself, tell about how things stand."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Reason:
    """One thing that is not as it should be."""

    reason: str
    """A fixed word for programs."""
    message: str
    """For people: what, and what to do."""
    blocks: bool
    """Whether it makes the sentinel unready."""
    subject: str = ""
    """The output, plugin, processor or task it is about."""


@dataclass(frozen=True, slots=True)
class UnusableTask:
    """A task that an extension handed out and that cannot run here."""

    reason: str
    plugin: str = ""
    """Empty where not even that could be read."""
    device_id: str = ""
