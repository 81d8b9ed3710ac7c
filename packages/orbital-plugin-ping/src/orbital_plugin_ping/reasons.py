"""What an ICMP error or a failed send means, in words."""

from __future__ import annotations

import errno
import os
import socket
from typing import Final

_V4: Final = {
    # RFC 792, RFC 1122 (3.2.2.1), RFC 1812 (5.2.7.1)
    (3, 0): "network unreachable",
    (3, 1): "host unreachable",
    (3, 2): "protocol unreachable",
    (3, 3): "port unreachable",
    (3, 4): "packet too big for the path",
    (3, 5): "source route failed",
    (3, 6): "network unknown",
    (3, 7): "host unknown",
    (3, 9): "network administratively prohibited",
    (3, 10): "host administratively prohibited",
    (3, 13): "administratively prohibited",
    (11, 0): "TTL exceeded on the way",
    (11, 1): "fragments did not all arrive",
    (12, 0): "parameter problem",
}
_V6: Final = {
    # RFC 4443
    (1, 0): "no route to the host",
    (1, 1): "administratively prohibited",
    (1, 2): "beyond the scope of the source address",
    (1, 3): "host unreachable",
    (1, 4): "port unreachable",
    (1, 5): "source address refused by policy",
    (1, 6): "route rejected",
    (2, 0): "packet too big for the path",
    (3, 0): "hop limit exceeded on the way",
    (3, 1): "fragments did not all arrive",
    (4, 0): "parameter problem",
}
_LOCAL: Final = {
    errno.ENETUNREACH: "this machine has no route to it",
    errno.EHOSTUNREACH: "host unreachable",
    errno.EACCES: "this machine's routing forbids it",
    errno.EPERM: "this machine's firewall forbids it",
    errno.EADDRNOTAVAIL: "this machine has no address to send from",
    errno.EMSGSIZE: "packet too big for the path",
    errno.EINVAL: "this machine cannot send to it",
}


def icmp_reason(family: int, kind: int, code: int, teller: str = "") -> str:
    """Words for an ICMP error.

    Args:
        family: `socket.AF_INET` or `socket.AF_INET6`.
        kind: ICMP type.
        code: ICMP code.
        teller: Address of the router or host that sent it.
    """
    words = (_V4 if family == socket.AF_INET else _V6).get((kind, code))
    words = words or f"ICMP error of type {kind}, code {code}"
    return f"{words}, says {teller}" if teller else words


def send_reason(error: OSError) -> str:
    """Words for a packet that could not leave this machine."""
    number = error.errno or 0
    return _LOCAL.get(number) or f"cannot send: {os.strerror(number)}"
