"""Console of an agent: an extension that remembers runs and values, and explains what is wrong."""

from orbital_console.extension import Console

__all__ = ["Console"]
