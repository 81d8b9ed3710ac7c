"""Gravital Core as an extension of the agent: it assigns tasks, and gets reports of their runs."""

from orbital_gravital.extension import Gravital

__all__ = ["Gravital"]
