"""Refused tasks (wrong password or setting) retry slowly, so that no account gets locked. Pure.

The paused tasks of a device share its rate: each of n retries after n pauses, so that the device is asked
about once per pause. When one of them succeeds, the others retry at their next tick.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from orbital_runtime.model import TaskState


class Pauses:
    """Which tasks are paused, by device.

    Args:
        every: Seconds between two attempts at one device.
    """

    def __init__(self, every: float) -> None:
        self.every = every
        """May be changed; applies from the next refusal on."""
        self._paused: dict[str, dict[str, TaskState]] = {}

    def settle(self, key: str, device: str, state: TaskState, now: float) -> None:
        """A run of the task ended in this state."""
        if state.paused:
            self.refused(key, device, state, now)
        elif self._paused:
            self.accepted(key, device)

    def refused(self, key: str, device: str, state: TaskState, now: float) -> None:
        """The task was refused."""
        paused = self._paused.setdefault(device, {})
        paused[key] = state
        state.next_look = now + self.every * len(paused)

    def accepted(self, key: str, device: str) -> None:
        """The task was not refused. If it had been, the other tasks of the device retry, too."""
        if self.forget(key, device):
            for state in self._paused.get(device, {}).values():
                state.next_look = 0.0

    def forget(self, key: str, device: str) -> bool:
        """The task was removed or changed. Returns whether it was paused."""
        paused = self._paused.get(device, {})
        state = paused.pop(key, None)
        if state is None:
            return False
        state.next_look = 0.0
        if not paused:
            del self._paused[device]
        return True

    def retry_now(self) -> None:
        """One task of each device retries at its next tick."""
        for paused in self._paused.values():
            min(paused.values(), key=lambda state: state.next_look).next_look = 0.0
