"""A plugin of which only a manifest is known: what a program in any language says about itself."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Final, cast

from msgspec import UNSET

from orbital_plugin_host.remote.models import config_model, device_model
from orbital_plugin_host.remote.plugin import Remote, RemoteReceiver, collect_beside, key_of
from orbital_sdk import ConfigurationError, DeviceFields, Metric, wire
from orbital_sdk.loader import NotKnownYet

if TYPE_CHECKING:
    from orbital_plugin_host.remote.fleet import Fleet
    from orbital_sdk.wire.answers import Facts, Offer

MOST: Final = 10_000
"""Devices whose facts are remembered; they are asked for again when their session begins anew."""


class Asked:
    """Implements `Statements`: asks the plugin's process, before the session of a device begins."""

    def __init__(self, remote: Remote) -> None:
        self._remote = remote
        self._asking: dict[bytes, asyncio.Task[Facts]] = {}

    def validate_device(self, device: DeviceFields) -> None:
        """Its process does, when it gets the fields."""

    def target(self, device: DeviceFields) -> str:
        return self._facts(device).target

    def exclusive(self, device: DeviceFields) -> str | None:
        return self._facts(device).exclusive

    def metrics(self) -> tuple[Metric, ...]:
        return self._remote.declared_metrics()

    def _facts(self, device: DeviceFields) -> Facts:
        """Raises why they cannot be known; the next question asks again."""
        key = key_of(wire.plain(device))
        asking = self._asking.get(key)
        if asking is None:
            if len(self._asking) >= MOST:
                del self._asking[next(iter(self._asking))]
            asking = self._asking[key] = asyncio.create_task(self._remote.session(device).facts())
        if not asking.done():
            raise NotKnownYet(asking)
        if asking.cancelled() or asking.exception() is not None:
            del self._asking[key]
        return asking.result()


def offered(offer: Offer, fleet: Fleet) -> type[Remote]:
    """The plugin that a program offers.

    Args:
        offer: From its `welcome`.
        fleet: Processes of the program.

    Raises:
        ConfigurationError: It is not a plugin, or its manifest cannot be used.
    """
    if offer.part != "plugin":
        raise ConfigurationError(f"{offer.name!r} is a {offer.part}, and not a plugin")
    about: dict[str, Any] = {
        "name": offer.name,
        "summary": str(offer.manifest.meta.get("description", "")),
        "metadata": offer.manifest.meta,
        "device_model": device_model(offer.manifest),
        "config_model": config_model(offer.manifest),
        "fleet": fleet,
        "stated": Asked,
    }
    about |= {f"metric_{place}": one for place, one in enumerate(_metrics(offer))}
    if offer.serves and offer.collects:
        about["collect"] = collect_beside
    base = RemoteReceiver if offer.serves else Remote
    return cast("type[Remote]", type(offer.name, (base,), about))


def _metrics(offer: Offer) -> list[Metric]:
    told = () if offer.manifest.metrics is UNSET else offer.manifest.metrics
    try:
        return [
            Metric(one.name, one.description, kind=one.type, unit=one.unit, labels=one.labels)
            for one in told
        ]
    except ValueError as error:
        raise ConfigurationError(
            f"its manifest has a metric that cannot be used: {error}"
        ) from error
