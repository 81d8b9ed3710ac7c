"""Registers this machine at Core."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final, cast

from pydantic import SecretStr

from orbital_gravital.credentials import Credentials, usable
from orbital_gravital.errors import CoreUnavailable
from orbital_gravital.identity.host import describe, short_hostname

if TYPE_CHECKING:
    from collections.abc import Mapping

    from orbital_gravital.calls.client import CoreClient

log = logging.getLogger("orbital.core")

WIDTHS: Final = {"name": 255, "version": 32, "region": 64}
"""Widths of Core's columns in characters: longer values are cut, with a log line."""


AGAIN: Final = "re-registered"
"""Part of Core's message when the host name was already registered."""


@dataclass(frozen=True, slots=True)
class Applicant:
    """What registration sends about this sentinel, apart from facts about the machine."""

    name: str
    version: str
    region: str = ""
    labels: Mapping[str, str] = field(default_factory=dict[str, str])
    key: SecretStr | None = None
    """Registration key; Core ignores it today."""
    known_as: str = ""
    """The id that this Core gave at an earlier registration, if known."""
    allow_insecure_http: bool = False
    """Stored with the credentials."""


def register(client: CoreClient, applicant: Applicant) -> Credentials:
    """Register. Idempotent: the same host name gets the same credentials again.

    Raises:
        CoreError: Core gave no credentials.
    """
    full: dict[str, str] = {
        **describe(),
        "name": applicant.name,
        "version": applicant.version,
        "region": applicant.region,
    }
    short = {key: text[: WIDTHS.get(key)] for key, text in full.items()}
    short["hostname"] = short_hostname(full["hostname"])
    body: dict[str, Any] = {**short, "labels": dict(applicant.labels)}
    headers: dict[str, str] = {}
    if applicant.key is not None and (key := applicant.key.get_secret_value()):
        body["registration_key"] = headers["X-Registration-Key"] = key
    found = client.call("POST", "/sentinels/register", body, headers=headers)
    for key in (key for key in full if full[key] != short[key]):
        log.warning("the %s %s is too long for Core, and was cut to %s", key, full[key], short[key])
    sentinel, token = _texts(found, "sentinel_id", "api_token")
    if not sentinel or not token:
        raise CoreUnavailable(f"{client.address} registered this sentinel without credentials")
    if sentinel != applicant.known_as and AGAIN in _texts(found, "message")[0]:
        log.warning(
            "Core already had a sentinel with the host name %s: this one now has its identity %s and its "
            "tasks. If that is another machine, change one of the two host names and register again: Core "
            "cannot tell them apart", short["hostname"], sentinel,
        )  # fmt: skip
    return Credentials(
        sentinel_id=sentinel,
        api_token=SecretStr(token),
        core_url=client.url,
        registered_at=datetime.now(UTC).isoformat(),
        region=applicant.region,
        labels=dict(applicant.labels),
        name=applicant.name,
        allow_insecure_http=applicant.allow_insecure_http,
    )


def _texts(found: Any, *names: str) -> list[str]:
    known = cast("dict[str, Any]", found) if isinstance(found, dict) else {}
    return [usable(known.get(name)) for name in names]
