"""Programs that are not ours see nothing of the agent's environment that may be secret."""

from __future__ import annotations

from pydantic import SecretStr

from orbital_sdk.environment import environment


def test_a_program_gets_little_of_the_agents_environment():
    """What it needs to run, and what is set for it; no token of the agent."""
    own = {"PATH": "/bin", "LC_ALL": "C", "SENTINEL_CORE__API_TOKEN": "hush", "HOME": "/root"}
    found = environment({"TOKEN": SecretStr("its own"), "HOME": SecretStr("/srv")}, own)
    assert found == {"PATH": "/bin", "LC_ALL": "C", "TOKEN": "its own", "HOME": "/srv"}
