"""What stands in for a device: given samples, or a recording that a plugin can replay."""

from __future__ import annotations

from importlib.metadata import entry_points
from typing import TYPE_CHECKING, Any, Final

from orbital_sdk import DeviceFields, Metric, Plugin, PluginConfig
from orbital_sdk.metric import DEVICE_ID

if TYPE_CHECKING:
    from collections.abc import Sequence

    from orbital_sdk import Context, Sample
    from orbital_sentinel.trial.exposition import Line

GROUP: Final = "orbital.replays"
"""Entry points by kind of recording: a subclass of a plugin, made of its settings and a file."""


class GivenSamples(Plugin[DeviceFields, PluginConfig]):
    """Gives samples that somebody wrote down.

    Args:
        lines: These.
        plugin: Of the task whose samples they are: they come from where its own would come from.
    """

    name = "samples"

    def __init__(self, lines: Sequence[Line], plugin: Plugin[Any, Any] | None = None) -> None:
        super().__init__(PluginConfig())
        self._samples = [_sample(line) for line in lines]
        self._plugin = plugin
        vars(self)["name"] = plugin.name if plugin else self.name

    def target(self, device: DeviceFields) -> str:
        return self._plugin.target(device) if self._plugin else ""

    async def collect(self, device: DeviceFields, ctx: Context) -> list[Sample]:
        return self._samples


def kinds() -> list[str]:
    """The kinds of recordings that installed plugins can replay."""
    return sorted(point.name for point in entry_points(group=GROUP))


def replay_of(kind: str) -> Any:
    """The class that replays this kind; None if there is none."""
    return next((point.load() for point in entry_points(group=GROUP, name=kind)), None)


def _sample(line: Line) -> Sample:
    names = [name for name, _ in line.labels]
    foreign = DEVICE_ID in names
    metric = Metric(line.name, kind=line.kind, labels=names, honor_labels=foreign)
    return metric(line.value, *[value for _, value in line.labels])
