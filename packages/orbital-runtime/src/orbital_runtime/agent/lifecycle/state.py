"""The states of an agent, and the transitions between them."""

from __future__ import annotations

from enum import StrEnum
from typing import Final


class State(StrEnum):
    """State of an agent."""

    INITIALIZING = "initializing"
    REGISTERING = "registering"
    RUNNING = "running"
    STOPPING = "stopping"
    STOPPED = "stopped"
    ERROR = "error"


WAYS: Final[dict[State, frozenset[State]]] = {
    State.INITIALIZING: frozenset({State.REGISTERING, State.STOPPING, State.ERROR}),
    State.REGISTERING: frozenset({State.RUNNING, State.STOPPING, State.ERROR}),
    State.RUNNING: frozenset({State.STOPPING, State.ERROR}),
    State.STOPPING: frozenset({State.STOPPED, State.ERROR}),
    State.STOPPED: frozenset(),
    State.ERROR: frozenset({State.STOPPING}),
}


class Lifecycle:
    """The current state. An invalid transition is a bug and raises `RuntimeError`."""

    def __init__(self) -> None:
        self.state = State.INITIALIZING

    def to(self, state: State) -> None:
        if state not in WAYS[self.state]:
            raise RuntimeError(f"an agent cannot go from {self.state} to {state}")
        self.state = state
