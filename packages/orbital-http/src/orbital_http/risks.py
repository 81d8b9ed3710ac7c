"""What is dangerous about settings, said once at the start."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from orbital_sdk.address import is_loopback

if TYPE_CHECKING:
    import logging


def stays_here(url: str) -> bool:
    """Whether requests to a URL never leave this machine."""
    host = urlsplit(url).hostname or ""
    return host.endswith(".localhost") or is_loopback(host)


def warn(log: logging.Logger, address: str, *, insecure: bool, bare: bool) -> None:
    """Log it.

    Args:
        log: Where.
        address: Of the destination, for people.
        insecure: Whether any certificate is taken.
        bare: Whether credentials go out without TLS, to another machine.
    """
    if insecure:
        log.warning(
            "%s: tls.insecure_skip_verify lets anyone on the way read and change everything",
            address,
        )
    if bare:
        log.warning("%s: credentials go out without TLS; anyone on the way can read them", address)
