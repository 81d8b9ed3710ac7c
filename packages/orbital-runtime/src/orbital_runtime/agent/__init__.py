"""The whole: stations built from settings, started, reloaded and stopped in order."""

from orbital_runtime.agent.agent import Agent
from orbital_runtime.agent.lifecycle.state import State

__all__ = ["Agent", "State"]
