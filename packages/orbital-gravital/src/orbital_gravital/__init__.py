"""Gravital Core as an extension of the agent: it assigns tasks, and is told what became of them."""

from orbital_gravital.extension import Gravital

__all__ = ["Gravital"]
