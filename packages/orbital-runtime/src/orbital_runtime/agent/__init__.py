"""The agent: builds its parts from the settings, starts, reloads and stops them in order."""

from orbital_runtime.agent.agent import Agent
from orbital_runtime.agent.lifecycle.state import State

__all__ = ["Agent", "State"]
