"""Whether an object that a package offers fits its entry point group."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final, cast

from orbital_sdk import Plugin, Processor, Writer
from orbital_sdk.loader import Loader
from orbital_sdk.secret_provider import SecretProvider

if TYPE_CHECKING:
    from collections.abc import Iterator

    from orbital_runtime.plugins.offers import Kind, Offer

_BASES: Final[dict[Kind, type]] = {
    "plugin": Plugin, "writer": Writer, "processor": Processor, "loader": Loader,
    "provider": SecretProvider,
}  # fmt: skip
_MUST: Final[dict[Kind, tuple[str, ...]]] = {
    "plugin": ("collect", "open", "serve"),
    "writer": ("write",),
    "processor": ("plan",),
    "loader": ("load",),
    "provider": ("get", "get_all"),
}
"""Methods of which a class must override at least one."""
CONTRACTS: Final = (1,)
"""Contract versions that this runtime supports; a class states its own in `contract`."""


def unfit(offer: Offer, loaded: object) -> str:
    """Why this object does not fit its entry point group; empty if it does."""
    if offer.kind == "command":
        return ""
    base = _BASES.get(offer.kind)
    if not inspect.isclass(loaded) or (base and not issubclass(loaded, base)):
        wanted = f" derived from orbital_sdk.{base.__name__}" if base else ""
        what = offer.point.value if offer.point else repr(loaded)
        return f"{what} is not a class{wanted}"
    return next(_faults(offer, cast("Any", loaded), base), "")


def _faults(offer: Offer, own: Any, base: type | None) -> Iterator[str]:
    """The faults of a class, most severe first."""
    contract = getattr(own, "contract", None)
    if contract not in CONTRACTS:
        known = " and ".join(map(str, CONTRACTS))
        yield (
            f"it is written for contract {contract!r} of the SDK, and this agent knows {known}: "
            f"install a newer orbital-runtime, or an older {offer.distribution}"
        )
    if getattr(own, "name", None) != offer.name:
        yield f"its class is called {getattr(own, 'name', '')!r}; name and entry point must agree"
    if not isinstance(getattr(own, "metadata", {}), Mapping):
        yield f"its metadata is {own.metadata!r}; it has to be a mapping"
    if base and all(getattr(own, m) is getattr(base, m) for m in _MUST[offer.kind]):
        yield f"its class has no {' or '.join(f'{one}()' for one in _MUST[offer.kind])}"
