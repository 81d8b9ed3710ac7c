"""Makes plugins of programs that speak gRPC, as a `plugin.yaml` names them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from orbital_plugin_grpc.connection import connect
from orbital_plugin_host.remote.describe import described
from orbital_plugin_host.remote.fleet import Fleet
from orbital_plugin_host.remote.offered import offered
from orbital_plugin_host.remote.process import Command
from orbital_sdk import ConfigurationError
from orbital_sdk.loader import Loader

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from orbital_sdk import Plugin


class GrpcLoader(Loader):
    """`exec: {command: [...], protocol: grpc}`: a program in any language."""

    name: ClassVar[str] = "grpc"
    summary: ClassVar[str] = "Programs in any language that speak gRPC"

    def load(self, folder: Path, description: Mapping[str, Any]) -> type[Plugin[Any, Any]]:
        name = str(description["meta"]["name"])
        command = Command(name, tuple(map(str, description["exec"]["command"])), folder)
        offers = {offer.name: offer for offer in described(command, connect)}
        if name not in offers:
            raise ConfigurationError(
                f"the program offers {', '.join(offers) or 'nothing'}, and no plugin {name!r}",
                field="meta.name",
            )
        return offered(offers[name], Fleet(command, connect))
