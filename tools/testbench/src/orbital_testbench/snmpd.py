"""net-snmp's agent, with a user for every way to authenticate and encrypt."""

from __future__ import annotations

import itertools
import socket
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Final

from orbital_testbench.ports import LOOPBACK
from orbital_testbench.server import Server

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

PROBE: Final = bytes.fromhex(
    "302902010104067075626c6963a01c020411111111020100020100300e300c06082b060102010103000500"
)
"""GET of sysUpTime (without instance) with the community `public`: an agent answers noSuchInstance."""
PASSWORDS: Final = ("auth-password", "priv-password")


@dataclass(frozen=True, slots=True)
class SnmpUser:
    """A user of v3; `auth` and `priv` in the words of net-snmp, empty for none."""

    name: str
    auth: str = ""
    priv: str = ""

    @property
    def level(self) -> str:
        return "authPriv" if self.priv else "authNoPriv" if self.auth else "noAuthNoPriv"


LEVELS: Final = {"noAuthNoPriv": "noauth", "authNoPriv": "auth", "authPriv": "priv"}
USERS: Final = (
    SnmpUser("nobody"),
    *(
        SnmpUser(f"{auth}-{priv}".lower(), auth, priv)
        for auth, priv in itertools.product(
            ("MD5", "SHA", "SHA-224", "SHA-256", "SHA-384", "SHA-512"),
            ("", "DES", "AES", "AES-192", "AES-256"),
        )
    ),
)
"""Every pair that net-snmp knows."""


class Snmpd(Server):
    """snmpd for v1, v2c (communities `public`, and `limited`, which sees the system group only) and v3.

    Args:
        folder: For its configuration, its state and its log.
        extra: More lines of snmpd.conf.
        everywhere: Answer as every address of 127.0.0.0/8; else as 127.0.0.1 and ::1, and by TCP.
    """

    program: ClassVar[str] = "snmpd"
    package: ClassVar[str] = "snmpd"

    def __init__(
        self,
        folder: Path,
        *,
        port: int | None = None,
        extra: Sequence[str] = (),
        everywhere: bool = False,
    ) -> None:
        super().__init__(folder, port=port)
        self.extra = tuple(extra)
        self.everywhere = everywhere
        self.engine_id = ""
        """Text of a new engine id; a change needs `restart`, as a replaced device would."""

    def prepare(self) -> None:
        auth, priv = PASSWORDS
        lines = [
            "rocommunity public default",
            "rocommunity limited default .1.3.6.1.2.1.1",
            "rocommunity6 public default",
            f"[snmp] persistentDir {self.folder / 'state'}",
            "sysLocation Rack 7",
            "sysContact ops@example.com",
            "dontLogTCPWrappersConnects yes",
            *([f"engineID {self.engine_id}"] if self.engine_id else []),
            *(f"createUser {u.name} {_secrets(u, auth, priv)}" for u in USERS),
            *(f"rouser {u.name} {LEVELS[u.level]}" for u in USERS),
            *self.extra,
        ]  # fmt: skip
        path = self.folder / "snmpd.conf"
        path.write_text("\n".join(lines) + "\n")
        path.chmod(0o600)

    def arguments(self) -> list[str]:
        port = self.port
        if self.everywhere:
            places = [f"udp:0.0.0.0:{port}"]
        else:
            places = [f"udp:{LOOPBACK}:{port}", f"tcp:{LOOPBACK}:{port}", f"udp6:[::1]:{port}"]
        return ["-f", "-C", "-c", str(self.folder / "snmpd.conf"), "-Lo", "-Ln", "-I", "-smux",
                "-p", str(self.folder / "snmpd.pid"), ",".join(places)]  # fmt: skip

    def healthy(self) -> bool:
        """Whether it answers a GET."""
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            probe.settimeout(0.5)
            probe.connect((LOOPBACK, self.port))
            try:
                probe.send(PROBE)
                return bool(probe.recv(1500))
            except OSError:
                return False


def _secrets(user: SnmpUser, auth: str, priv: str) -> str:
    words = [user.auth, auth] if user.auth else []
    return " ".join(words + ([user.priv, priv] if user.priv else []))
