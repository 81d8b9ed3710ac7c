"""Reads the entry points of installed packages, without importing them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from importlib.metadata import Distribution, EntryPoint, distributions
from typing import TYPE_CHECKING, Final, Literal

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

Kind = Literal["plugin", "writer", "processor", "loader", "command", "extension", "provider"]

GROUPS: Final[dict[Kind, str]] = {
    "plugin": "orbital.plugins",
    "writer": "orbital.writers",
    "processor": "orbital.processors",
    "loader": "orbital.loaders",
    "command": "orbital.commands",
    "extension": "orbital.extensions",
    "provider": "orbital.secrets",
}
_NAME: Final = re.compile(r"^Name:(.*)$", re.MULTILINE)
RESTRICT: Final = "ORBITAL_PLUGINS"
"""Environment variable: restricts plugins to these names or distributions, separated by commas. A package
with an extension, a loader or a provider of secrets is always included: settings enable it."""
_ALWAYS: Final = ("extension", "loader", "provider")


@dataclass(frozen=True, slots=True)
class Offer:
    """One entry point of a distribution, or a plugin that a loader made."""

    kind: Kind
    name: str
    distribution: str
    """Of a loader's plugin: where it was found."""
    version: str
    point: EntryPoint | None = None
    """None: a loader made it."""


def find(environ: Mapping[str, str], path: Sequence[str] | None = None) -> list[Offer]:
    """All offers, sorted by distribution name.

    Args:
        environ: `ORBITAL_PLUGINS` in it restricts them.
        path: Folders to search; None for `sys.path`.
    """
    wanted = {_plain(name) for name in environ.get(RESTRICT, "").split(",") if name.strip()}
    offers = [offer for one in _distributions(path) for offer in _offers(one)]
    if wanted:
        kept = {offer.distribution for offer in offers if offer.kind in _ALWAYS}
        offers = [o for o in offers if o.distribution in kept or _is_wanted(o, wanted)]
    return sorted(offers, key=lambda offer: (_plain(offer.distribution), offer.name))


def _distributions(path: Sequence[str] | None) -> Iterator[Distribution]:
    """Each distribution once. Of two installed copies the first on the path is the one that gets imported."""
    seen: set[str] = set()
    for one in distributions() if path is None else distributions(path=list(path)):
        name = _plain(_name(one))
        if name and name not in seen:
            seen.add(name)
            yield one


def _name(one: Distribution) -> str:
    """The distribution's name. Parsing all of its metadata would take a millisecond for each package."""
    text = one.read_text("METADATA") or one.read_text("PKG-INFO") or ""
    found = _NAME.search(text)
    return found[1] if found else one.metadata["Name"] or ""


def _offers(one: Distribution) -> Iterator[Offer]:
    kinds: dict[str, Kind] = {group: kind for kind, group in GROUPS.items()}
    for point in one.entry_points:
        if point.group in kinds:
            yield Offer(kinds[point.group], point.name, one.metadata["Name"], one.version, point)


def _is_wanted(offer: Offer, wanted: Collection[str]) -> bool:
    return _plain(offer.name) in wanted or _plain(offer.distribution) in wanted


def _plain(name: str) -> str:
    """The normalized name, as packaging.python.org specifies."""
    return re.sub(r"[-_.]+", "-", name.strip()).lower()
