"""The states of an agent, and the ways between them."""

from __future__ import annotations

import pytest

from orbital_runtime.agent import State
from orbital_runtime.agent.lifecycle.state import Lifecycle


def test_only_the_ways_of_the_design_lead_from_state_to_state():
    """A jump that the six states do not have is a bug, and raises."""
    life = Lifecycle()
    with pytest.raises(RuntimeError, match="cannot go from initializing to running"):
        life.to(State.RUNNING)
    for state in (State.REGISTERING, State.RUNNING, State.STOPPING, State.STOPPED):
        life.to(state)
    assert life.state is State.STOPPED
