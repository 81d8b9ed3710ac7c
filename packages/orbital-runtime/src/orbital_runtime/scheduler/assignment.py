"""Which tasks are ours. The one place that knows of other sentinels."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Protocol

from orbital_runtime.scheduler.timetable.phase import stable_hash
from orbital_sdk import ConfigurationError

if TYPE_CHECKING:
    from orbital_runtime.model import Task

REMEMBERED: Final = 200_000
"""Devices whose member a shard remembers before it starts over."""


class Assignment(Protocol):
    """Decides, task by task."""

    def mine(self, task: Task) -> bool:
        """Whether this sentinel runs the task."""
        ...


class Everything:
    """One sentinel alone runs all it is given."""

    def mine(self, task: Task) -> bool:
        return True


@dataclass(frozen=True, slots=True)
class Shard:
    """A fixed share of the devices, by rendezvous hashing over static members.

    All tasks of a device fall to the same member. One member more or less moves only the devices that it
    gains or loses.
    """

    member: int
    """Which of them this one is, from 1."""
    members: int
    _known: dict[str, bool] = field(default_factory=dict[str, bool], compare=False, repr=False)

    def mine(self, task: Task) -> bool:
        known = self._known.get(task.device_id)
        if known is None:
            if len(self._known) >= REMEMBERED:
                self._known.clear()
            known = self._known[task.device_id] = self.owner(task.device_id) == self.member
        return known

    def owner(self, device_id: str) -> int:
        """The member that runs this device: the one with the highest hash."""
        weights = ((stable_hash(f"{m}/{device_id}"), m) for m in range(1, self.members + 1))
        return max(weights)[1]


def parse_shard(text: str) -> Assignment:
    """The assignment that `collector.shard` asks for: `2/8` is the second of eight; empty is everything.

    Raises:
        ConfigurationError: It reads otherwise.
    """
    if not text.strip():
        return Everything()
    match = re.fullmatch(r"\s*(\d{1,6})\s*/\s*(\d{1,6})\s*", text)
    member, members = (int(match[1]), int(match[2])) if match else (0, 0)
    if not 1 <= member <= members:
        raise ConfigurationError(
            f"{text!r} is not a shard; write member/members, like 2/8 for the second of eight",
            field="collector.shard",
        )
    return Shard(member, members)
