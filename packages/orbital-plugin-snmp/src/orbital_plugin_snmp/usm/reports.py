"""Reports: what a device says about a request that it did not take (RFC 3414 3.2, RFC 3412 7.2)."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, Final

from orbital_plugin_snmp import oids

if TYPE_CHECKING:
    from orbital_plugin_snmp.wire.pdu import Pdu


class Reason(Enum):
    """Why, and what a person can do about it."""

    LEVEL = "it does not take this security level from this user; check security_level"
    TIME = "our idea of its clock is wrong"
    USER = "it knows no such user; check username"
    ENGINE = "its engine id is another"
    DIGEST = "wrong authentication; check auth_password and auth_protocol"
    DECRYPTION = "it cannot decrypt this; check priv_password and priv_protocol"
    CONTEXT = "it has no such context; check context"
    OTHER = "it sent a report that says nothing we know"


def reason(report: Pdu) -> Reason:
    """What a report says."""
    for oid, _, _ in report.varbinds:
        for prefix, meaning in _REASONS.items():
            if oid.startswith(prefix):
                return meaning
    return Reason.OTHER


_REASONS: Final = {
    oids.encode(f"1.3.6.1.6.3.15.1.1.{number}"): meaning
    for number, meaning in enumerate(
        (Reason.LEVEL, Reason.TIME, Reason.USER, Reason.ENGINE, Reason.DIGEST, Reason.DECRYPTION), 1
    )
} | {
    oids.encode("1.3.6.1.6.3.12.1.4"): Reason.CONTEXT,  # snmpUnavailableContexts
    oids.encode("1.3.6.1.6.3.12.1.5"): Reason.CONTEXT,  # snmpUnknownContexts
}
