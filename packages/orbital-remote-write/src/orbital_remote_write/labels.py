"""What a series is called on the wire: valid names, no name twice, sorted, and a defined winner."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Final, Literal

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from orbital_sdk import Origin, Row

OriginLabel = Literal["sentinel", "sentinel_id", "region", "labels", "task"]
Pairs = tuple[tuple[str, str], ...]

METRIC_NAME: Final = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]*")
LABEL_NAME: Final = re.compile(r"(?!__)[a-zA-Z_][a-zA-Z0-9_]*")
_NOT_METRIC: Final = re.compile(r"[^a-zA-Z0-9_:]")
_NOT_LABEL: Final = re.compile(r"[^a-zA-Z0-9_]")
TARGET_LABELS: Final = ("job", "instance")


@dataclass(frozen=True, slots=True)
class LabelRules:
    """Which labels are added to those that a sample has."""

    job: str | None = None
    """Value of `job`; None = the plugin's name."""
    external: Pairs = ()
    """Set by the user."""
    origin: tuple[OriginLabel, ...] = ("sentinel", "region", "labels", "task")
    """Said about where a sample comes from. `labels` are those of the `sentinel` section."""

    def target(self, origin: Origin) -> dict[str, str]:
        """`job` and `instance`: they win, and a sample's own becomes `exported_job`, as in Prometheus."""
        return {
            "job": self.job or origin.plugin,
            "instance": origin.target or origin.device_id,
        }

    def added(self, origin: Origin) -> dict[str, str]:
        """What is added where a sample has no such label; the user's external labels come first."""
        who = origin.sentinel
        known = {
            "sentinel": {"sentinel": who.name or who.id},
            "sentinel_id": {"sentinel_id": who.id},
            "region": {"region": who.region},
            "labels": who.labels,
            "task": {"task": origin.task},
        }
        merged = dict(self.external)
        for choice in self.origin:
            for name, value in known[choice].items():
                merged.setdefault(label_name(name), value)
        return merged


@lru_cache(maxsize=10_000)
def metric_name(name: str) -> str:
    """The name with every character that Prometheus refuses made `_`."""
    if METRIC_NAME.fullmatch(name):
        return name
    clean = _NOT_METRIC.sub("_", name)
    return clean if METRIC_NAME.fullmatch(clean) else f"_{clean}"


def label_name(name: str) -> str:
    """Likewise for a label. Names that begin with two underscores are Prometheus' own and lose one."""
    if LABEL_NAME.fullmatch(name):
        return name
    clean = _NOT_LABEL.sub("_", name)
    if clean.startswith("__"):
        clean = "_" + clean.lstrip("_")
    return clean if LABEL_NAME.fullmatch(clean) else f"_{clean}"


def own_labels(labels: Pairs, reserved: Collection[str] = TARGET_LABELS) -> dict[str, str]:
    """A sample's own labels under valid names.

    Where two names become one, the one that was valid keeps it, and the other gets a number (`a_b_2`):
    without it two different series could become the same.

    Args:
        labels: As it has them.
        reserved: Names that somebody else sets: a sample's own becomes `exported_...`.
    """
    clean = {k: value for k, value in labels if value and _valid(k) and k not in reserved}
    if len(clean) == len(labels):
        return clean
    for name, value in labels:
        if value and (not _valid(name) or name in reserved):
            wanted = f"exported_{name}" if name in reserved else label_name(name)
            clean[next(n for n in _numbered(wanted) if n not in clean)] = value
    return clean


def render(row: Row, target: dict[str, str], added: dict[str, str]) -> Pairs:
    """All label pairs of a row, `__name__` included, sorted by name, none empty, each name once."""
    if row.honor_labels:
        merged = {**added, **own_labels(row.labels, ())}
    else:
        merged = {**added, **own_labels(row.labels), **target}
    merged["__name__"] = metric_name(row.name)
    return tuple(sorted([pair for pair in merged.items() if pair[1]]))


@lru_cache(maxsize=10_000)
def _valid(name: str) -> bool:
    return LABEL_NAME.fullmatch(name) is not None


def _numbered(name: str) -> Iterator[str]:
    yield name
    number = 2
    while True:
        yield label_name(f"{name}_{number}")
        number += 1
