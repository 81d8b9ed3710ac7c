"""Groups of series, and which rows of a layout belong to which."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import count
from operator import itemgetter
from typing import TYPE_CHECKING, TypeAlias
from weakref import WeakValueDictionary, ref

from orbital_sdk import Origin
from orbital_sdk.metric import DEVICE_ID

if TYPE_CHECKING:
    from array import array
    from collections.abc import Callable, Mapping, Sequence

    from orbital_processors.aggregate.folds import Fold
    from orbital_processors.aggregate.settings import AggregateConfig
    from orbital_sdk import Row

    Pick: TypeAlias = Callable[[array[float]], Sequence[float]]


@dataclass(slots=True, weakref_slot=True, eq=False)
class Group:
    """Series that are aggregated together."""

    scope: str
    """Its task or device; empty for the whole agent."""
    origin: Origin
    name: str
    labels: Mapping[str, str]
    unit: str
    honor_labels: bool
    number: int = 0
    """In the order in which groups came up."""
    rows: Sequence[Row] = ()
    """Its aggregates."""


class Groups:
    """The groups in use. They go with the layouts and windows that have them.

    Args:
        config: How series are grouped.
    """

    def __init__(self, config: AggregateConfig) -> None:
        self._config = config
        self._kept = _kept(config)
        self._known: WeakValueDictionary[object, Group] = WeakValueDictionary()
        self._numbers = count()

    def __len__(self) -> int:
        return len(self._known)

    def of(self, row: Row, origin: Origin) -> Group | None:
        """The group of a series; None if there is no room for one more."""
        labels = dict(row.labels)
        device = labels.get(DEVICE_ID, origin.device_id)
        over = self._config.over
        scope = {"task": origin.task, "device": device, "agent": ""}[over]
        kept = {name: value for name, value in labels.items() if self._kept(name)}
        group = Group(
            scope,
            _origin(origin, over),
            row.name,
            kept,
            row.unit,
            row.honor_labels or over == "agent",
        )
        known = self.add(group)
        if known is not None and over == "task":
            known.origin = group.origin  # a restart or a reload may have brought other fields
        return known

    def add(self, group: Group) -> Group | None:
        """The group that is known for the same series, else this one; None if there is no room for it."""
        key = group.scope, group.name, tuple(group.labels.items())
        known = self._known.get(key)
        if known is None and len(self._known) < self._config.max_groups:
            group.number = next(self._numbers)
            known = self._known[key] = group
        return known


def _kept(config: AggregateConfig) -> Callable[[str], bool]:
    """Which labels aggregates keep."""
    always = set[str]() if config.over == "agent" else {DEVICE_ID}
    if config.by is not None:
        return {*config.by, *always}.__contains__
    dropped = set(config.without or ()) - always
    return lambda name: name not in dropped


def _origin(origin: Origin, over: str) -> Origin:
    """The origin of aggregates: what they are of, and no more."""
    if over == "task":
        return origin
    if over == "device":
        place = origin.device_id, origin.target, origin.sentinel
        return Origin("", origin.plugin, *place, origin.fields)
    return Origin("", "aggregate", "", "", origin.sentinel)


class Held:
    """What a plan holds of its members: with it they are of no further use.

    Args:
        groups: Group of each row by its place.
    """

    def __init__(self, groups: Mapping[int, Group]) -> None:
        self.members = Members(groups)
        self.members.holder = ref(self)


class Members:
    """The groups that some rows of a layout belong to.

    Args:
        groups: Group of each row by its place.
    """

    def __init__(self, groups: Mapping[int, Group]) -> None:
        places: dict[Group, list[int]] = {}
        for place, group in groups.items():
            places.setdefault(group, []).append(place)
        self.groups = tuple(places)
        self.rows = len(groups)
        self.holder: Callable[[], object] = lambda: None
        """Gives None once no batch will come for these any more."""
        firsts = [each[0] for each in places.values()]
        self._all = _picker(firsts) if len(firsts) == len(groups) else None
        """Picks a value for each group, if none has several."""
        self._picks = [] if self._all else [_picker(each) for each in places.values()]

    def fold(self, folds: Sequence[Fold], values: array[float], ts: int) -> None:
        """Give the values of a batch to the folds of these groups."""
        if self._all is not None:
            column = self._all(values)
            for fold in folds:
                fold.single(column, ts)
        else:
            columns = [pick(values) for pick in self._picks]
            for fold in folds:
                fold.several(columns, ts)


def _picker(places: Sequence[int]) -> Pick:
    if len(places) == 1:
        return itemgetter(slice(places[0], places[0] + 1))
    return itemgetter(*places)
