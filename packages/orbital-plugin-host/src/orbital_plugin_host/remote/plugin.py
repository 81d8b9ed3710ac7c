"""Plugin classes whose instances live in other processes."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

import msgspec

from orbital_plugin_host.remote.instance import Instance
from orbital_plugin_host.remote.session import RemoteSession
from orbital_sdk import DeviceFields, Plugin, PluginConfig, ReceiverStopped, wire

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from orbital_plugin_host.remote.fleet import Fleet
    from orbital_sdk import Context, Emit, Metric, PluginHost
    from orbital_sdk.contract.records import Collected
    from orbital_sdk.loader import ProcessState


class Statements(Protocol):
    """What a plugin states without a run. A `Plugin` is one itself."""

    def validate_device(self, device: Any) -> None: ...
    def target(self, device: Any) -> str: ...
    def exclusive(self, device: Any) -> str | None: ...
    def metrics(self) -> tuple[Metric, ...]: ...


class Remote(Plugin[DeviceFields, PluginConfig]):
    """Has its instances and sessions in the processes of a fleet, under its own name."""

    fleet: ClassVar[Fleet]
    stated: ClassVar[Callable[[Remote], Statements]]
    """Made for each instance."""

    def __init__(self, config: PluginConfig) -> None:
        super().__init__(config)
        self._stated = type(self).stated(self)
        self._instance: Instance | None = None
        self._alone: dict[str, asyncio.Lock] = {}

    async def start(self, host: PluginHost) -> None:
        instance = Instance(self.name, wire.plain(self.config), host, host.folder)
        await self.fleet.add(instance)
        self._instance = instance

    async def stop(self) -> None:
        instance, self._instance = self._instance, None
        if instance is not None:
            await self.fleet.remove(instance)

    @classmethod
    def processes(cls) -> Sequence[ProcessState]:
        """As `orbital_sdk.loader.processes_of` says."""
        return [one.state for one in cls.fleet.supervisors]

    async def open(self, device: DeviceFields) -> RemoteSession:
        session = self.session(device)
        alone = self.exclusive(device)
        if alone is not None:  # it may have become known after this run had begun
            session.alone = self._alone.setdefault(alone, asyncio.Lock())
        await session.begin()
        return session

    def session(self, device: DeviceFields) -> RemoteSession:
        """Of this device, not begun."""
        if self._instance is None:
            raise RuntimeError(f"plugin {self.name!r} is not started")
        fields = wire.plain(device)
        return RemoteSession(self.fleet.of(key_of(fields)), self._instance, fields)

    def validate_device(self, device: DeviceFields) -> None:
        self._stated.validate_device(device)

    def target(self, device: DeviceFields) -> str:
        return self._stated.target(device)

    def exclusive(self, device: DeviceFields) -> str | None:
        return self._stated.exclusive(device)

    def metrics(self) -> tuple[Metric, ...]:
        return self._stated.metrics()


class RemoteReceiver(Remote):
    """A receiver."""

    def __init__(self, config: PluginConfig) -> None:
        super().__init__(config)
        self._served: dict[int, RemoteSession] = {}
        """By the `id` of the device."""

    async def serve(self, device: DeviceFields, emit: Emit) -> None:
        session = self._served[id(device)] = self.session(device)
        try:
            await session.serve(emit, self.name, self.name)
        finally:
            del self._served[id(device)]


async def collect_beside(self: RemoteReceiver, device: DeviceFields, ctx: Context) -> Collected:
    """The `collect` of a receiver that has one."""
    session = self._served.get(id(device))  # pyright: ignore[reportPrivateUsage] (its method)
    if session is None:
        raise ReceiverStopped("it does not receive now")
    return await session.collect(ctx)


def key_of(fields: dict[str, Any]) -> bytes:
    """Equal for equal devices."""
    return msgspec.msgpack.encode(fields, order="sorted")
