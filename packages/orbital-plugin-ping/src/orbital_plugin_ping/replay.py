"""The plugin with what `ping` printed instead of a host, for tests of a configuration."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from orbital_plugin_ping.address import FAMILIES, numeric
from orbital_plugin_ping.pinger import Outcome
from orbital_plugin_ping.plugin import Ping
from orbital_plugin_ping.probe import Probe
from orbital_plugin_ping.session import HostSession
from orbital_sdk import ConfigurationError

if TYPE_CHECKING:
    from pathlib import Path

    from orbital_plugin_ping.fields import PingConfig, PingDevice
    from orbital_plugin_ping.pinger import Request
    from orbital_sdk import PluginHost

_HEAD: Final = re.compile(r"^PING6?\b.*?\(([0-9a-fA-F.:]+)\)", re.MULTILINE)
_REPLY: Final = re.compile(
    r"seq=(?P<seq>\d+)\b.*?\b(?:ttl|hlim)=(?P<ttl>\d+) time[=<](?P<ms>[0-9.]+) ?ms(?P<dup>.*DUP)?"
)
_NUMBER: Final = re.compile(r"seq[= ](\d+)")
_SENT: Final = re.compile(r"(\d+) packets transmitted")
_REASON: Final = re.compile(r"^From .*seq=\d+ (.+)$", re.MULTILINE)


class RecordedPinger:
    """A `Pinger` that gives one outcome, whatever is asked for.

    Args:
        outcome: This.
    """

    families = frozenset(FAMILIES.values())

    def __init__(self, outcome: Outcome) -> None:
        self._outcome = outcome

    async def start(self) -> None:
        """Nothing is to be opened."""

    async def stop(self) -> None:
        """Nothing is open."""

    async def ping(self, request: Request) -> Outcome:
        return self._outcome


class RepliesReplay(Ping):
    """Reads what `ping` of Linux, BusyBox, macOS or a BSD printed.

    Args:
        config: As the plugin's.
        file: The output.

    Raises:
        ConfigurationError: It is no such file.
    """

    def __init__(self, config: PingConfig, file: Path) -> None:
        super().__init__(config)
        try:
            text = file.read_text("utf-8")
        except OSError as error:
            raise ConfigurationError(f"{file}: {error.strerror}") from error
        head = _HEAD.search(text)
        address = numeric(head[1]) if head else None
        if address is None:
            raise ConfigurationError(f"{file}: does not begin as ping does: PING NAME (ADDRESS)")
        self._address = address
        self._recorded = Probe(
            RecordedPinger(read_outcome(text)), RecordedPinger.families, config.percentiles
        )

    async def start(self, host: PluginHost) -> None:
        """No socket is opened."""

    async def open(self, device: PingDevice) -> HostSession:
        return HostSession(device, self._recorded, self._selection, self._address)


def read_outcome(text: str) -> Outcome:
    """What became of the packets that `ping` sent."""
    replies = [found for found in _REPLY.finditer(text) if not found["dup"]]
    rtts = {int(found["seq"]): float(found["ms"]) / 1000 for found in replies}
    numbers = [int(number) for number in _NUMBER.findall(text)]
    first = 0 if 0 in numbers else 1  # BusyBox and macOS count from 0, Linux from 1
    sent = _SENT.search(text)
    count = int(sent[1]) if sent else max(numbers, default=0) - first + 1
    reason = _REASON.search(text)
    return Outcome(
        rtts=[rtts.get(number) for number in range(first, first + count)],
        duplicates=sum(bool(found["dup"]) for found in _REPLY.finditer(text)),
        hop_limit=int(replies[-1]["ttl"]) if replies else None,
        reason=reason[1] if reason else "",
    )
