"""Collects from programs that print metrics: `exec` starts one for each run, `execd` keeps one running."""

from orbital_plugin_exec.execd import Execd
from orbital_plugin_exec.plugin import Exec

__all__ = ["Exec", "Execd"]
