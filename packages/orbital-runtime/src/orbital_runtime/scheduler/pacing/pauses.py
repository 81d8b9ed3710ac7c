"""Tasks that were refused (a password, a setting) and look again slowly: no account must be locked by it.

Pure. All paused tasks of one device share its pace: each of n of them looks after n pauses, so that the
device is asked about once a pause. When one of them is let in, the others look at their next tick.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from orbital_runtime.model import TaskState


class Pauses:
    """Which tasks are paused, by device.

    Args:
        every: Seconds between two looks at one device.
    """

    def __init__(self, every: float) -> None:
        self.every = every
        """May be set at any time; holds from the next refusal on."""
        self._paused: dict[str, dict[str, TaskState]] = {}

    def settle(self, key: str, device: str, state: TaskState, now: float) -> None:
        """A run of the task ended, and left it so."""
        if state.paused:
            self.refused(key, device, state, now)
        elif self._paused:
            self.accepted(key, device)

    def refused(self, key: str, device: str, state: TaskState, now: float) -> None:
        """The task was refused, for the first time or again."""
        paused = self._paused.setdefault(device, {})
        paused[key] = state
        state.next_look = now + self.every * len(paused)

    def accepted(self, key: str, device: str) -> None:
        """The task was not refused. Where it had been, what held the others may be over, too."""
        if self.forget(key, device):
            for state in self._paused.get(device, {}).values():
                state.next_look = 0.0

    def forget(self, key: str, device: str) -> bool:
        """The task is gone, or asks for something else now; whether it was paused."""
        paused = self._paused.get(device, {})
        state = paused.pop(key, None)
        if state is None:
            return False
        state.next_look = 0.0
        if not paused:
            del self._paused[device]
        return True

    def retry_now(self) -> None:
        """Something may have been mended: one task of each device looks at its next tick."""
        for paused in self._paused.values():
            min(paused.values(), key=lambda state: state.next_look).next_look = 0.0
