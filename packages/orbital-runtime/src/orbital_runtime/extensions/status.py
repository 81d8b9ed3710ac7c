"""Health reasons and unusable tasks, as extensions and the agent report them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Reason:
    """One reason why the agent, or a part of it, is not healthy."""

    reason: str
    """A fixed identifier for programs."""
    message: str
    """For people: what is wrong, and what to do."""
    blocks: bool
    """Whether the sentinel is not ready because of it."""
    subject: str = ""
    """The output, plugin, processor or task it is about."""


@dataclass(frozen=True, slots=True)
class UnusableTask:
    """A task that an extension gave and that cannot run here."""

    reason: str
    plugin: str = ""
    """Name of the plugin; empty where it could not be read."""
    device_id: str = ""
