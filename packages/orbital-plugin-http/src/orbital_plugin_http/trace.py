"""What is known of a probe so far: written as it goes, reported however it ends."""

from __future__ import annotations

import socket
import time
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from orbital_plugin_http.certificates import Chain
    from orbital_resolver import Address

now: Final = time.perf_counter


class Trace:
    """Phases in seconds, summed over redirects; a phase that did not end counts nothing."""

    __slots__ = (
        "address", "body_length", "chain", "cipher", "connect", "content_length", "doing", "family",
        "last_modified", "lookup", "pattern_failed", "processing", "redirects", "resolve", "secure",
        "started", "status", "tls", "tls_version", "transfer", "version",
    )  # fmt: skip

    def __init__(self) -> None:
        self.started = now()
        self.doing = "starting"
        """What is going on now, for the message when the time is up."""
        self.resolve = self.connect = self.tls = self.processing = self.transfer = 0.0
        self.lookup = 0.0
        """Seconds of the first name look-up."""
        self.address = ""
        self.family = 0
        """IP version of the first address that was connected to: 4, 6, or 0 for none."""
        self.redirects = 0
        self.status = 0
        self.version = 0.0
        self.content_length = 0
        """-1 where the server did not say."""
        self.body_length = 0
        """Bytes of the body, decompressed."""
        self.secure = False
        self.last_modified = ""
        """As the server wrote it; empty where it did not."""
        self.pattern_failed = False
        self.chain: Chain | None = None
        self.tls_version = ""
        self.cipher = ""

    def note_address(self, address: Address) -> None:
        self.address = address[4][0]
        self.family = 6 if address[0] == socket.AF_INET6 else 4

    @property
    def measured(self) -> dict[str, float]:
        """For `Context.measured`: the phases in their order, and what was sent and received."""
        return {
            "resolve_seconds": self.resolve,
            "connect_seconds": self.connect,
            "tls_seconds": self.tls,
            "processing_seconds": self.processing,
            "transfer_seconds": self.transfer,
            "requests": self.redirects + 1,
            "bytes": self.body_length,
        }

    @property
    def seconds(self) -> float:
        """Since the start."""
        return now() - self.started
