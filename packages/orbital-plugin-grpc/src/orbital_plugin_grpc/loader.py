"""Makes plugins of programs that speak gRPC, as a `plugin.yaml` names them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

from pydantic import Field, SecretStr

from orbital_plugin_grpc.connection import connect
from orbital_plugin_host.remote.describe import described
from orbital_plugin_host.remote.fleet import Fleet
from orbital_plugin_host.remote.offered import offered
from orbital_plugin_host.remote.process import Command
from orbital_sdk import ByteSize, ConfigurationError
from orbital_sdk.environment import environment
from orbital_sdk.fields import Fields
from orbital_sdk.limits import Limits
from orbital_sdk.loader import Loader
from orbital_sdk.schema.plugin_file import PluginFile, checked

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from orbital_sdk import Plugin

Count = Annotated[int, Field(ge=0)]


class LimitsSection(Fields):
    """What one process of the program may take; 0 is as much as the agent."""

    memory: ByteSize = 0
    """Writable memory."""
    cpu: Count = 0
    """Seconds of CPU in its life."""
    files: Count = 0
    """Open files."""
    tasks: Count = 0
    """Processes and threads, beyond those of its user at its start."""
    user: str = ""
    """User that it becomes, for which the agent has to be root."""


class ProgramSection(Fields):
    """`exec` of a program that speaks gRPC."""

    protocol: Literal["grpc"]
    """The loader."""
    command: Annotated[tuple[str, ...], Field(min_length=1)]
    """Program and arguments; relative paths begin in the folder."""
    environment: dict[str, SecretStr] = Field(default_factory=dict[str, SecretStr])
    """Environment variables, beside the agent's."""
    processes: Annotated[int, Field(ge=1, le=64)] = 1
    """How many run; each device is read by one of them."""
    limits: LimitsSection = LimitsSection()
    """Of each process."""


class GrpcLoader(Loader):
    """`exec: {command: [...], protocol: grpc}`: a program in any language."""

    name: ClassVar[str] = "grpc"
    summary: ClassVar[str] = "Programs in any language that speak gRPC"

    def load(self, folder: Path, description: Mapping[str, Any]) -> type[Plugin[Any, Any]]:
        file = checked(PluginFile, description)
        section = checked(ProgramSection, file.exec or {}, at=("exec",))
        name = file.meta.name
        limits = Limits(**dict(section.limits))
        limits.owner()  # refuse one that it cannot become
        variables = environment(section.environment)
        command = Command(name, section.command, folder, variables, limits)
        offers = {offer.name: offer for offer in described(command, connect)}
        if name not in offers:
            raise ConfigurationError(
                f"the program offers {', '.join(offers) or 'nothing'}, and no plugin {name!r}",
                field="meta.name",
            )
        return offered(offers[name], Fleet(command, connect, section.processes))
