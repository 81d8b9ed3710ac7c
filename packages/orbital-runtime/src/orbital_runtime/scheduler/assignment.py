"""Which tasks this sentinel runs, if several share them."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Protocol

from orbital_runtime.scheduler.timetable.phase import stable_hash
from orbital_sdk import ConfigurationError

if TYPE_CHECKING:
    from orbital_runtime.model import Task

REMEMBERED: Final = 200_000
"""Maximum of devices in the cache of a shard."""


class Assignment(Protocol):
    """Selects tasks."""

    def mine(self, task: Task) -> bool:
        """Whether this sentinel runs the task."""
        ...


class Everything:
    """All tasks."""

    def mine(self, task: Task) -> bool:
        return True


@dataclass(frozen=True, slots=True)
class Shard:
    """A share of the devices, by rendezvous hashing over static members.

    All tasks of a device belong to the same member. Adding or removing a member moves only the devices that
    it gains or loses.
    """

    member: int
    """Number of this member, from 1."""
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
    """Parse `collector.shard`: `2/8` is the second of eight; empty is everything.

    Raises:
        ConfigurationError: It is not valid.
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
