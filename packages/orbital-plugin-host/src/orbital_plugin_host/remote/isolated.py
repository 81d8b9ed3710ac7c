"""An installed plugin whose instances live in processes of their own.

Its class is here, too: it has the models, and an instance that is never started states what a device is
called and what no two may use at once. So errors in a configuration are found as without a process.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, cast

from orbital_plugin_host.remote.plugin import Remote, RemoteReceiver, collect_beside
from orbital_sdk.calling.invoke import collects_beside, receives

if TYPE_CHECKING:
    from orbital_plugin_host.remote.fleet import Fleet
    from orbital_sdk import Plugin

_KEPT: Final = (
    "name", "summary", "contract", "metadata", "max_threads", "device_model", "config_model",
    "declared_metrics",
)  # fmt: skip


def isolated(original: type[Plugin[Any, Any]], fleet: Fleet) -> type[Remote]:
    """The same plugin, in these processes."""

    def stated(remote: Remote) -> Plugin[Any, Any]:
        return original(remote.config)

    about: dict[str, Any] = {name: getattr(original, name) for name in _KEPT}
    about |= {"fleet": fleet, "stated": staticmethod(stated), "__doc__": original.__doc__}
    if collects_beside(original):
        about["collect"] = collect_beside
    base = RemoteReceiver if receives(original) else Remote
    return cast("type[Remote]", type(original.__name__, (base,), about))
