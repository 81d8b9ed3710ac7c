"""The sections about the agent itself: identity, plugins, telemetry and logging."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, ConfigDict, Field, WithJsonSchema

from orbital_runtime.settings.model.base import Interval, Labels, Section
from orbital_runtime.settings.model.collector import Isolation  # noqa: TC001 (pydantic reads annotations)
from orbital_sdk.units import ByteSize  # noqa: TC001 (as above)


class SentinelSection(Section):
    """Identity of this sentinel."""

    id: Annotated[str, AfterValidator(str.strip)] = ""
    """Stable id. Empty: generated once and stored in the data folder."""
    name: str = ""
    """Display name. Empty: the host's name."""
    region: str = ""
    """Location."""
    labels: Labels = Field(default_factory=dict[str, str])
    """Labels added to every sample of this sentinel."""


class PluginSection(Section):
    """Where one plugin runs, and what its processes may take."""

    isolation: Isolation | None = None
    """As collector.isolation, which holds where this is left out."""
    processes: Annotated[int, Field(ge=1, le=64)] = 1
    """Processes that share its devices, where it runs in processes of its own."""
    memory: ByteSize = 512 * 2**20
    """Memory of each process; 0: no limit."""
    cpu: Annotated[int, Field(ge=0)] = 0
    """Seconds of CPU after which a process is replaced; 0: no limit."""
    files: Annotated[int, Field(ge=0)] = 1024
    """Files and connections that each process may have open; 0: no limit."""
    tasks: Annotated[int, Field(ge=0)] = 256
    """Threads and processes that each process may add to those of the agent's user; 0: no limit. The system
    does not apply it to root."""
    user: str = ""
    """User that each process becomes, for which the agent has to be root. Empty: that of the agent."""


class PluginsSection(Section):
    """Plugins, and reloading. Any other key is the name of a plugin, with the settings of its processes."""

    model_config = ConfigDict(extra="allow")
    __pydantic_extra__: dict[str, PluginSection] = Field(init=False)  # pyright: ignore[reportIncompatibleVariableOverride] (as pydantic documents)

    directory: str = "./plugins"
    """Folder of directory plugins, each a folder with a `plugin.yaml`."""
    auto_reload: bool = True
    """Reload the configuration when its files change, or those of directory plugins."""
    auto_update: bool = True
    """Have plugins that run in processes of their own go over to another version of their package that was
    installed, as `sentinel plugins reload` does. Those in the agent need that command, or a restart."""
    reload_interval: Interval = 300
    """Time between two checks of installed packages, and of the files where the system does not report
    changes (network folders, no inotify)."""
    config: dict[str, dict[str, Any]] = Field(default_factory=dict[str, dict[str, Any]], repr=False)
    """Default settings of all tasks of a plugin, by its name; a task's own take precedence."""

    def of(self, plugin: str) -> PluginSection:
        """What is set for this plugin."""
        return (self.__pydantic_extra__ or {}).get(plugin) or PluginSection()

    @property
    def named(self) -> list[str]:
        """Plugins for which something is set."""
        return [*(self.__pydantic_extra__ or {})]


def split_listen(value: str) -> tuple[str, int]:
    """Host and port out of `127.0.0.1:9464`, `[::1]:9464` or `:9464` (every address).

    Raises:
        ValueError: It is something else; the message says what would be right.
    """
    host, _, port = value.rpartition(":")
    bracketed = host.startswith("[") and host.endswith("]")
    if not port.isdecimal() or int(port) > 65535 or (":" in host and not bracketed):
        raise ValueError("is written like 127.0.0.1:9464 or [::1]:9464")
    return host.strip("[]"), int(port)


def _listen(value: str) -> str:
    split_listen(value)
    return value


Listen = Annotated[
    str, AfterValidator(_listen), WithJsonSchema({"type": "string", "examples": ["127.0.0.1:9464"]})
]


class TelemetrySection(Section):
    """The agent's own pages (/metrics, /healthz, /readyz), and the socket of the command line."""

    enabled: bool = True
    """Serve these pages over HTTP. The command line's socket is served in any case."""
    listen: Listen = "127.0.0.1:9464"
    """Address and port; port 0 takes a free one."""
    host_names: list[str] = Field(default_factory=list[str])
    """Host names under which these pages are served, beside addresses, `localhost` and the machine's own
    name; `*` for any. Requests to others are refused, as a protection against DNS rebinding."""
    socket: str = ""
    """Unix socket of the command line. A relative path, or the default if empty, is in the runtime folder."""
    task_series: Annotated[int, Field(ge=0)] = 1000
    """Tasks that have series of their own in /metrics, ten each; 0: none. Totals are always there."""

    @property
    def address(self) -> tuple[str, int]:
        """Host (empty = every address) and port."""
        return split_listen(self.listen)


def _lower(value: object) -> object:
    text = value.lower() if isinstance(value, str) else value
    return "warn" if text == "warning" else text


class LoggingSection(Section):
    """The agent's log."""

    level: Annotated[Literal["debug", "info", "warn", "error"], BeforeValidator(_lower)] = "info"
    """Lowest level that is logged."""
    format: Literal["text", "json"] = "text"
    """Text for people, or JSON for programs."""
    output: Literal["stdout", "file", "both"] = "stdout"
    """Where log lines go."""
    file_path: str = "./logs/sentinel.log"
    """The log file, for `file` and `both`."""
    max_size: Annotated[float, Field(gt=0)] = 100
    """Megabytes after which the file is rotated."""
    max_backups: Annotated[int, Field(ge=0)] = 7
    """Rotated files that are kept; 0: all that `max_age` allows."""
    max_age: Annotated[float, Field(ge=0)] = 30
    """Days for which a rotated file is kept; 0: for ever."""
