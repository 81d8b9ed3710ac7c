"""The parameters of the link to Core, from the configuration and stored credentials."""

from __future__ import annotations

import socket
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pydantic import SecretStr

from orbital_gravital.addition import CORE, HYBRID
from orbital_gravital.credentials import (
    Credentials,
    core_url,
    credentials_path,
    given,
    known,
    on_file,
)
from orbital_gravital.identity.registration import Applicant
from orbital_gravital.sections import CoreSection, HeartbeatSection

if TYPE_CHECKING:
    from pathlib import Path

    from orbital_runtime.settings import Settings


@dataclass(frozen=True, slots=True)
class Plan:
    """All parameters of a link. Equal plans make equal links."""

    url: str
    section: CoreSection
    """Timeout of one call, TLS and proxy."""
    retry: tuple[float, float]
    """First and longest pause after failures, in seconds."""
    applicant: Applicant
    credentials: Path
    """Path of the credentials file."""
    given: Credentials | None
    """Credentials in the configuration itself."""
    heartbeat: HeartbeatSection
    fetch_interval: float
    """Seconds between two fetches of the task list."""
    gather: float
    """Seconds that samples are gathered at most; news of devices waits no longer than that."""
    sends_states: bool
    """Whether device states are sent to Core: in the modes `core` and `hybrid`."""
    tells_neighbors: bool
    """Whether neighbours are sent separately, since samples are not sent to Core: in `hybrid`."""
    data: Path
    """The data folder."""


def plan_of(settings: Settings, version: str, data: Path) -> Plan | None:
    """The plan; None where there is no Core."""
    section, mode = settings.section(CoreSection), settings.sender.mode
    url = core_url(section)
    if not url:
        return None
    return Plan(
        url=url,
        section=section,
        retry=(settings.sender.retry_interval, settings.sender.retry_max_interval),
        applicant=applicant(settings, version),
        credentials=credentials_path(section.credentials_path),
        given=given(settings.sentinel.id, section, url),
        heartbeat=settings.section(HeartbeatSection),
        fetch_interval=settings.collector.task_fetch_interval,
        gather=settings.buffer.flush_interval,
        sends_states=mode in (CORE, HYBRID),
        tells_neighbors=mode == HYBRID,
        data=data,
    )


def applicant(settings: Settings, version: str) -> Applicant:
    """What registration sends about this sentinel. Values that the configuration lacks are those of the last
    registration: Core replaces all of them each time.
    """
    who, section = settings.sentinel, settings.section(CoreSection)
    before = on_file(section) or Credentials("", SecretStr(""))
    same = known(section)
    return Applicant(
        name=who.name or before.name or socket.gethostname(),
        version=version,
        region=who.region or before.region,
        labels=who.labels or before.labels,
        key=section.registration_key,
        known_as="" if same is None else same.sentinel_id,
        allow_insecure_http=section.allow_insecure_http,
    )
