"""What is dangerous about settings, said once at the start."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import logging


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
