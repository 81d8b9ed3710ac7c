"""What packages and loaders offer, by kind and name. A broken part is listed and is not fatal."""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from importlib import invalidate_caches
from typing import TYPE_CHECKING, Any, TypeVar

from orbital_runtime.guard.escape import contained, origin
from orbital_runtime.plugins.fitness import unfit
from orbital_runtime.plugins.offers import GROUPS, Kind, Offer, find
from orbital_runtime.plugins.requirements import unmet
from orbital_sdk import ConfigurationError, Plugin, Processor, Writer
from orbital_sdk.hints import nearest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from importlib.metadata import EntryPoint

    from orbital_sdk.loader import Loader
    from orbital_sdk.secret_provider import SecretProvider

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Broken:
    """An offer that cannot be used."""

    group: str
    name: str
    distribution: str
    version: str
    error: str
    """The reason, as a message."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One row of `sentinel plugins list`."""

    name: str
    kind: Kind
    version: str
    distribution: str
    summary: str
    broken: str
    """Why it cannot be used; empty if it can be."""
    unmet: tuple[str, ...] = ()
    """Requirements of its package that are not installed."""


class NotInstalled(ConfigurationError):  # noqa: N818 (reads as what happened)
    """No installed package offers this name.

    Args:
        kind: The kind that was asked for.
        name: Its name.
        installed: The names that are installed.
    """

    def __init__(self, kind: Kind, name: str, installed: Iterable[str]) -> None:
        self.kind, self.name, self.installed = kind, name, tuple(installed)
        super().__init__(f"no {kind} is called {name!r}")

    @property
    def hint(self) -> str:
        """The closest name, or the installed names and how to install more."""
        if near := nearest(self.name, self.installed):
            return f"did you mean {near}?"
        there = ", ".join(self.installed) or "none"
        return f"installed: {there}; `pip install` the package that brings it, as in orbital-{self.kind}-NAME"


class Unusable(ConfigurationError):  # noqa: N818 (reads as what happened)
    """A package offers this name, but it cannot be loaded or used."""


class Registry:
    """What is installed. Names are known at once; a class is imported on first use."""

    def __init__(self, offers: Iterable[Offer] = ()) -> None:
        self._offers: dict[tuple[Kind, str], Offer] = {}
        self._loaded: dict[tuple[Kind, str], Any] = {}
        self._broken: dict[tuple[Kind, str], Broken] = {}
        self._doubles: list[Broken] = []
        self._find: Callable[[], Iterable[Offer]] = tuple
        for offer in offers:
            first = self._offers.setdefault((offer.kind, offer.name), offer)
            if first is not offer:
                self._doubles.append(_broken(offer, f"{first.distribution} has this name already"))
        self._installed = dict(self._offers)
        self._outdated: dict[str, Broken] = {}
        """Plugins that go on as they were, because their description has errors now."""

    @classmethod
    def discover(
        cls, environ: Mapping[str, str] = os.environ, *, path: Sequence[str] | None = None
    ) -> Registry:
        """A registry of the installed entry points.

        Args:
            environ: `ORBITAL_PLUGINS` restricts it to these names or distributions.
            path: Folders to search; None for `sys.path`.
        """
        registry = cls(find(environ, path))
        registry._find = partial(find, environ, path)
        return registry

    @classmethod
    def of(
        cls,
        *,
        plugins: Iterable[type[Plugin[Any, Any]]] = (),
        writers: Iterable[type[Writer[Any]]] = (),
        processors: Iterable[type[Processor[Any]]] = (),
        extensions: Iterable[type[Any]] = (),
        loaders: Iterable[type[Loader]] = (),
        providers: Iterable[type[SecretProvider[Any]]] = (),
    ) -> Registry:
        """A registry of only these classes, whatever is installed."""
        registry = cls()
        given: dict[Kind, Iterable[Any]] = {
            "plugin": plugins, "writer": writers, "processor": processors,
            "extension": extensions, "loader": loaders,
            "provider": providers,
        }  # fmt: skip
        for kind, classes in given.items():
            registry._loaded.update({(kind, one.name): one for one in classes})
        return registry

    def refresh(self) -> None:
        """Find packages that were installed since. A class that is imported stays what it is."""
        invalidate_caches()
        for offer in self._find():
            key = offer.kind, offer.name
            self._installed[key] = offer
            if key not in self._loaded and key not in self._broken:
                self._offers[key] = offer

    def plugin(self, name: str) -> type[Plugin[Any, Any]]:
        """The plugin of this name.

        Raises:
            NotInstalled, Unusable
        """
        return self._load("plugin", name)

    def put(
        self,
        plugin: type[Plugin[Any, Any]],
        *,
        source: str,
        version: str = "",
        problem: str = "",
    ) -> None:
        """Use this class under its name from now on, in place of one that is there.

        Args:
            plugin: What a loader made.
            source: Where it was found, for lists: a distribution, or a folder.
            version: Of what was found there.
            problem: Why what is there now cannot be used; this class is the one of before.

        Raises:
            Unusable: It does not fit; the one before stays.
        """
        offer = Offer("plugin", plugin.name, source, version)
        if reason := unfit(offer, plugin):
            raise Unusable(_broken(offer, reason).error)
        self.remove(plugin.name)
        self._offers["plugin", plugin.name], self._loaded["plugin", plugin.name] = offer, plugin
        if problem:
            self._outdated[plugin.name] = _broken(offer, f"{problem}; the one of before goes on")

    def refuse(self, name: str, reason: str, *, source: str, version: str = "") -> None:
        """List a plugin that a loader could not make, in place of one that is there."""
        offer = Offer("plugin", name, source, version)
        self.remove(name)
        self._offers["plugin", name], self._broken["plugin", name] = offer, _broken(offer, reason)

    def remove(self, name: str) -> None:
        """Forget this plugin; an installed one of its name is there again. Safe where there is none."""
        for known in (self._offers, self._loaded, self._broken):
            known.pop(("plugin", name), None)
        self._outdated.pop(name, None)
        if installed := self._installed.get(("plugin", name)):
            self._offers["plugin", name] = installed

    def is_made(self, name: str) -> bool:
        """Whether a loader made the plugin of this name: no package offers its class."""
        offer = self._offers.get(("plugin", name))
        return offer is not None and offer.point is None

    def source(self, name: str) -> tuple[str, str]:
        """Where the plugin of this name comes from, and its version; empty where nobody knows."""
        offer = self._offers.get(("plugin", name))
        return (offer.distribution, offer.version) if offer else ("", "")

    def metadata(self, plugin: str) -> Mapping[str, Any]:
        """The metadata that this plugin declares; empty where it cannot be used."""
        try:
            return self.plugin(plugin).metadata
        except (NotInstalled, Unusable):
            return {}

    def writer(self, name: str) -> type[Writer[Any]]:
        """The writer of this name; raises as `plugin` does."""
        return self._load("writer", name)

    def processor(self, name: str) -> type[Processor[Any]]:
        """The processor of this name; raises as `plugin` does."""
        return self._load("processor", name)

    def command(self, name: str) -> Any:
        """The subcommand that a package adds under this name; raises as `plugin` does."""
        return self._load("command", name)

    def loader(self, name: str) -> type[Loader]:
        """The loader of this name; raises as `plugin` does."""
        return self._load("loader", name)

    def provider(self, name: str) -> type[SecretProvider[Any]]:
        """The provider of secrets of this name; raises as `plugin` does."""
        return self._load("provider", name)

    def extension(self, name: str) -> type[Any]:
        """The extension of this name; raises as `plugin` does."""
        return self._load("extension", name)

    def extensions(self) -> list[type[Any]]:
        """Every usable extension: subclasses of `orbital_runtime.extensions.Extension`."""
        found: list[type[Any]] = []
        for name in self.names("extension"):
            with suppress(Unusable):  # `list` and `broken` give the reason
                found.append(self.extension(name))
        return found

    def names(self, kind: Kind) -> list[str]:
        """All names of this kind, including ones that may turn out broken."""
        return sorted({n for k, n in [*self._offers, *self._loaded] if k == kind})

    def unmet(self, kind: Kind, name: str) -> tuple[str, ...]:
        """Requirements of the package behind this name that are not installed; it may work without them."""
        offer = self._offers.get((kind, name))
        distribution = offer.point.dist if offer and offer.point else None
        return tuple(unmet(distribution.requires or ())) if distribution else ()

    def broken(self) -> list[Broken]:
        """The offers found broken so far; complete after `list`."""
        return [*self._broken.values(), *self._outdated.values(), *self._doubles]

    def list(self) -> list[Entry]:
        """All entries. Imports and checks every class."""
        rows = [self._entry(kind, name) for kind in GROUPS for name in self.names(kind)]
        kinds: dict[str, Kind] = {group: kind for kind, group in GROUPS.items()}
        for double in self._doubles:
            kind = kinds[double.group]
            rows.append(
                Entry(double.name, kind, double.version, double.distribution, "", double.error)
            )
        return rows

    def _entry(self, kind: Kind, name: str) -> Entry:
        offer = self._offers.get((kind, name))
        try:
            loaded, error = self._load(kind, name), ""
        except Unusable as unusable:
            loaded, error = None, str(unusable)
        summary = str(getattr(loaded, "summary", ""))
        version, distribution = (offer.version, offer.distribution) if offer else ("", "")
        lacking = self.unmet(kind, name)
        return Entry(name, kind, version, distribution, summary, error, lacking)

    def _load(self, kind: Kind, name: str) -> Any:
        key = kind, name
        if key not in self._loaded and key not in self._broken:
            offer = self._offers.get(key)
            if offer is None or offer.point is None:
                raise NotInstalled(kind, name, self.names(kind))
            self._import(key, offer, offer.point)
        if key in self._broken:
            raise Unusable(self._broken[key].error)
        return self._loaded[key]

    def _import(self, key: tuple[Kind, str], offer: Offer, point: EntryPoint) -> None:
        try:
            with contained:
                loaded = point.load()
        except Exception as error:  # noqa: BLE001 (an import of third-party code may raise anything)
            self._broken[key] = _broken(offer, f"its import failed: {_words(origin(error))}")
            return
        if reason := unfit(offer, loaded):
            self._broken[key] = _broken(offer, reason)
        else:
            self._loaded[key] = loaded


def _broken(offer: Offer, error: str) -> Broken:
    source = f"{offer.distribution} {offer.version}".rstrip()
    message = f"{offer.kind} {offer.name!r} of {source}: {error}"
    return Broken(GROUPS[offer.kind], offer.name, offer.distribution, offer.version, message)


def _words(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}".rstrip(": ")
