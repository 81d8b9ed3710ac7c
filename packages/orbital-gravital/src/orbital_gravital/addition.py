"""The extension's additions to the configuration, and the values derived from it."""

from __future__ import annotations

import json
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from orbital_gravital.credentials import has_core, known
from orbital_gravital.sections import CoreSection, HeartbeatSection
from orbital_runtime.settings.model.addition import DIRECT, Addition
from orbital_runtime.settings.note import Note

if TYPE_CHECKING:
    from collections.abc import Iterator

    from orbital_runtime.settings.model.root import Settings

CORE: Final = "core"
"""The mode in which samples are delivered to Core only."""
HYBRID: Final = "hybrid"
"""The mode in which samples are delivered to the outputs; Core gets device states and neighbours."""
REPORTS_ALONE: Final = (
    "is direct, so Core gets reports alone, and will show its devices as offline since it hears nothing of "
    "them; in the mode hybrid it gets their states, in core their samples, too"
)
_BUILTIN: Final = """\
buffer:
  flush_interval: 1s # first samples appear at once
sender:
  mode: core
core:
  url: {url}
  allow_insecure_http: {insecure}
"""


class CoreAddition(Addition):
    """Sections `core` and `heartbeat`, modes `core` and `hybrid`."""

    sections = MappingProxyType({"core": CoreSection, "heartbeat": HeartbeatSection})
    modes = MappingProxyType({CORE: False, HYBRID: True})
    renamed = MappingProxyType({("credentials_path",): ("core", "credentials_path")})
    template = """\
# core: # Gravital Core, which gives tasks; sender.mode: core also sends it all samples
#   url: https://core.example.com
"""

    def builtin(self) -> str:
        """The built-in configuration of a registered sentinel, which works for its Core; else empty."""
        who = known(CoreSection())
        if who is None or not who.core_url:
            return ""
        insecure = json.dumps(who.allow_insecure_http)
        return _BUILTIN.format(url=json.dumps(who.core_url), insecure=insecure)

    def gives_tasks(self, settings: Settings) -> bool:
        return has_core(settings.section(CoreSection))

    def usual_mode(self, settings: Settings) -> str:
        return CORE if has_core(settings.section(CoreSection)) else ""

    def notes(self, settings: Settings) -> Iterator[Note]:
        section, mode = settings.section(CoreSection), settings.sender.mode
        yield from _risks(section)
        if not has_core(section):
            yield from _without_effect(settings)
        elif mode == DIRECT:
            yield Note("sender.mode", REPORTS_ALONE)


def _risks(section: CoreSection) -> Iterator[Note]:
    if section.insecure_skip_verify:
        yield Note(
            "core.insecure_skip_verify",
            "Core's certificate is not verified: anyone on the way can read and change everything",
        )
    if section.url.startswith("http:") and section.allow_insecure_http:
        yield Note(
            "core.allow_insecure_http",
            "the token goes over plain HTTP; anyone on the way can read it",
        )


def _without_effect(settings: Settings) -> Iterator[Note]:
    mode = settings.sender.mode
    if mode in (CORE, HYBRID):
        yield Note(
            "sender.mode",
            f"is {mode}, and there is no Core: set core.url, or use `sentinel register`"
            + ("; samples wait in the buffer" if mode == CORE else ""),
        )
    given = {
        "heartbeat": "heartbeat" in settings.model_fields_set,
        "collector.task_fetch_interval": "task_fetch_interval"
        in settings.collector.model_fields_set,
    }
    for key in (key for key, there in given.items() if there):
        yield Note(key, "has no effect without a Core; set core.url")
