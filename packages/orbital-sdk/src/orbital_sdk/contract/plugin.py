"""The base of every plugin: one class, one method."""

from __future__ import annotations

import re
from functools import partial
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar, get_args, get_origin

from orbital_sdk.contract.session import Session
from orbital_sdk.fields import DeviceFields, PluginConfig
from orbital_sdk.metric import Metric

if TYPE_CHECKING:
    from collections.abc import Awaitable, Mapping

    from orbital_sdk.contract.context import Context
    from orbital_sdk.contract.emit import Emit
    from orbital_sdk.contract.records import Collected
    from orbital_sdk.hosting.host import PluginHost

D = TypeVar("D", bound=DeviceFields)
C = TypeVar("C", bound=PluginConfig)


class Plugin(Generic[D, C]):
    """Reads devices of one kind.

    Life: `__init__(config)` with validated settings, `await start(host)`; for each device `open`, and the
    life of that session (several at once, for different devices); `await stop()` when all sessions are
    closed. Nothing is called after `stop`. An instance serves all tasks whose plugin settings are equal.

    The least plugin has `collect`. One that keeps something of a device between its runs has `open` instead,
    and one whose device speaks first has `serve`: it is a receiver.
    """

    name: ClassVar[str]
    """Also the entry point's name in the group `orbital.plugins`."""
    summary: ClassVar[str] = ""
    """One sentence for lists."""
    contract: ClassVar[int] = 1
    """The contract of the SDK that it was written for. An agent that does not know this one refuses it."""
    metadata: ClassVar[Mapping[str, Any]] = MappingProxyType({})
    """More about it, as JSON has it, for whoever lists plugins or hands out tasks; part of its manifest.
    Known are `author`, `device_types`, and `protocols`: what servers call the protocol of a device whose
    port and login are meant for this plugin, such as `["snmp"]`. Those of another protocol (ssh) are not
    handed to it. Left out: the plugin's name, with and without an `s`. `neighbors` is the name of the metric
    whose series are the neighbours of a device. `advice` says what to do about errors, by their class:
    `{"DeviceUnreachable": ["is {target} switched on?"]}`; `{task}`, `{target}` and `{timeout}` are replaced.
    `sentinel explain` shows it before its own."""
    max_threads: ClassVar[int] = 16
    """Threads that blocking (`def`) calls may use at once, over all devices."""

    device_model: ClassVar[type[DeviceFields]] = DeviceFields
    config_model: ClassVar[type[PluginConfig]] = PluginConfig

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        for argument in type_arguments(cls, Plugin):
            if issubclass(argument, DeviceFields):
                cls.device_model = argument
            elif issubclass(argument, PluginConfig):
                cls.config_model = argument

    def __init__(self, config: C) -> None:
        self.config = config

    async def start(self, host: PluginHost) -> None:
        """Open what all devices share. Returns quickly, and raises `ConfigurationError` if it cannot.

        Args:
            host: Folder, clock, logger, own metrics and background tasks, until `stop`.
        """

    async def stop(self) -> None:
        """Close what `start` opened. Safe without `start`, and safe twice."""

    def open(self, device: D) -> Session | Awaitable[Session]:
        """Begin with a device. Called in the first run, and again after a close or an error.

        Write it as `async def` or as plain `def`, which runs on a thread and may block. It has what is left
        of the run's time. Left out, `collect` and `test_connection` get the device's fields each time.

        Raises:
            DeviceUnreachable, AuthenticationFailed, UnexpectedReply, ConfigurationError: The run failed.
        """
        return Plain(self, device)

    def collect(self, device: D, ctx: Context) -> Collected:
        """Read one device. Write it as an async generator, as `async def` or as plain `def`.

        A plain `def` runs on a bounded thread pool and may block. Returned may be any iterable of
        samples, or `Columns`.

        Raises:
            DeviceUnreachable, AuthenticationFailed, UnexpectedReply, PartialCollect, ConfigurationError
        """
        raise NotImplementedError(f"plugin {self.name!r} has no collect()")

    async def serve(self, device: D, emit: Emit) -> None:
        """Receive what the device sends, and `await emit(...)` it, until cancelled: at a stop, when the task
        goes, and when its device or the settings change.

        Cancelled, let go of sockets within 5 s; what is emitted until the end is still taken. Returned or
        raised before that, it is begun again after a pause that grows. Whoever has `serve` may have `collect`
        as well: it is asked at every interval of the task, for what the receiver knows about itself.

        Raises:
            ConfigurationError, AuthenticationFailed: The task pauses and is retried slowly.
            DeviceUnreachable, UnexpectedReply: As `collect` does.
        """
        raise NotImplementedError(f"plugin {self.name!r} has no serve()")

    def validate_device(self, device: D) -> None:
        """Check what the model cannot say.

        Raises:
            ConfigurationError: The task is refused with this message.
        """

    async def test_connection(self, device: D, ctx: Context) -> str:
        """Say in one line that the device answers; raise as `collect` does if it doesn't.

        Left out, the agent collects once and says how many samples came.
        """
        raise NotImplementedError

    def target(self, device: D) -> str:
        """What people call the device: `host:port`, an address or a URL. Prometheus' `instance`.

        Asked once a session, before `open`: a device that cannot be opened has a name, too. Everybody may
        read it, so a URL goes without user and password.
        """
        fields = vars(device)
        host, port = fields.get("host"), fields.get("port")
        if host and port:
            return f"[{host}]:{port}" if ":" in str(host) else f"{host}:{port}"
        return str(host or re.sub(r"//[^/@]*@", "//", str(fields.get("url") or "")))

    def exclusive(self, device: D) -> str | None:
        """What only one run at a time may use (a bus, a gateway); None where devices don't mind.

        Asked once a session, before `open`, which waits for it, too.
        """
        return None

    def metrics(self) -> tuple[Metric, ...]:
        """Every metric this instance may give; more than the class declares where settings name some."""
        return self.declared_metrics()

    @classmethod
    def declared_metrics(cls) -> tuple[Metric, ...]:
        """The metrics that are class attributes, those of base classes first."""
        names = dict.fromkeys(name for base in reversed(cls.__mro__) for name in vars(base))
        values = (getattr(cls, name, None) for name in names)
        return tuple(value for value in values if isinstance(value, Metric))


def type_arguments(cls: type, base: type) -> tuple[type, ...]:
    """The classes that `cls` puts in the square brackets of `base`, as far as they are given here."""
    for parent in vars(cls).get("__orig_bases__", ()):
        origin = get_origin(parent)
        if isinstance(origin, type) and issubclass(origin, base):
            return tuple(a for a in get_args(parent) if isinstance(a, type))
    return ()


class Plain(Session):
    """Of a plugin that keeps nothing of a device: every call goes to the plugin, with the device's fields."""

    def __init__(self, plugin: Plugin[Any, Any], device: DeviceFields) -> None:
        # of what form they are shows through a partial, and not through a method that calls them
        self.collect = partial(plugin.collect, device)  # type: ignore[method-assign]
        self.test = partial(plugin.test_connection, device)  # type: ignore[method-assign]
