"""What telemetry may see of an agent, and ask of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from orbital_runtime import paths
from orbital_runtime.telemetry.sources import Control, Sources
from orbital_runtime.telemetry.telemetry import Telemetry, socket_path

if TYPE_CHECKING:
    from orbital_runtime.agent.agent import Agent


def sources_of(agent: Agent) -> Sources:
    """What may be looked at of this agent."""
    stations = agent.stations
    return Sources(
        version=agent.version,
        started=agent.started,
        clock=agent.clock,
        state=lambda: agent.state,
        identity=lambda: agent.identity,
        notes=lambda: [str(note) for note in agent.loaded.notes],
        settings_path=lambda: agent.loaded.path,
        scheduler=stations.scheduler,
        engine=stations.engine,
        watchdog=stations.watchdog,
        committer=stations.committer,
        buffer=stations.buffer,
        sender=stations.sender,
        instances=stations.instances,
        hosts=stations.hosts,
        registry=agent.registry,
        extensions=agent.extensions.all,
    )


def telemetry_of(agent: Agent, sources: Sources) -> Telemetry:
    """The station that tells about this agent; not started yet."""
    section = agent.settings.telemetry
    return Telemetry(
        sources,
        Control(agent.request_stop, agent.reload, reloaded=lambda: agent.last_reload),
        socket=socket_path(section.socket, paths.runtime_dir(agent.environ)),
        address=section.address if section.enabled else None,
        host_names=section.host_names,
        task_series=section.task_series,
    )
