"""Telemetry of the agent itself: metrics, health, HTTP API, logs."""

from orbital_runtime.telemetry.server.listen import CannotListen
from orbital_runtime.telemetry.sources import Control, Sources
from orbital_runtime.telemetry.telemetry import Telemetry, socket_path

__all__ = ["CannotListen", "Control", "Sources", "Telemetry", "socket_path"]
