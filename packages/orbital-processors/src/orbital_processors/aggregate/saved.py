"""Open windows as data for a file, and back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from orbital_processors.aggregate.group import Group
from orbital_sdk import Identity, Origin

if TYPE_CHECKING:
    from collections.abc import Iterable

    from orbital_processors.aggregate.group import Groups
    from orbital_processors.aggregate.windows import Window, Windows


class SavedGroup(msgspec.Struct, array_like=True):
    """A group and what is kept of its samples."""

    scope: str
    name: str
    labels: dict[str, str]
    unit: str
    honor_labels: bool
    origin: tuple[str, str, str, str]
    sentinel: tuple[str, str, str, dict[str, str]]
    states: dict[str, Any]

    def group(self) -> Group:
        """The group."""
        origin = Origin(*self.origin, Identity(*self.sentinel))
        return Group(self.scope, origin, self.name, self.labels, self.unit, self.honor_labels)


class SavedWindow(msgspec.Struct, array_like=True):
    """A window."""

    start: int
    """Milliseconds UTC."""
    groups: list[SavedGroup]


def saved(windows: Iterable[Window]) -> object:
    """What these windows have, as JSON."""
    return msgspec.to_builtins(
        [
            SavedWindow(window.start, [_saved(*each) for each in window.states().items()])
            for window in windows
        ]
    )


def restore(data: object, windows: Windows, groups: Groups) -> None:
    """Continue windows that were saved.

    Raises:
        ValueError, KeyError: It is not what `saved` gave: somebody edited the file.
    """
    for found in msgspec.convert(data or [], list[SavedWindow]):
        window = windows.at(found.start)
        for one in found.groups:
            group = groups.add(one.group())
            if window is not None and group is not None:
                window.restore(group, one.states)


def _saved(group: Group, states: dict[str, Any]) -> SavedGroup:
    origin, sentinel = group.origin, group.origin.sentinel
    return SavedGroup(
        group.scope, group.name, dict(group.labels), group.unit, group.honor_labels,
        (origin.task, origin.plugin, origin.device_id, origin.target),
        (sentinel.id, sentinel.name, sentinel.region, dict(sentinel.labels)),
        states,
    )  # fmt: skip
