"""Registration and heartbeats."""

from __future__ import annotations

import hashlib
import hmac
import secrets
import time
from typing import TYPE_CHECKING, Any, Final

from orbital_devcore.core import Refused

if TYPE_CHECKING:
    from orbital_devcore.core import Core
    from orbital_devcore.wire import Heartbeat, Registration

WIDTHS: Final = {"name": 255, "ip_address": 64, "version": 32, "os": 64, "arch": 32, "region": 64}
CONFIG: Final = {"heartbeat_interval": 30, "task_fetch_interval": 60}
"""Seconds; the only configuration that the server ever sends, and always this."""


def register(core: Core, body: Registration) -> dict[str, Any]:
    """Credentials: new ones, or those that this host name has already."""
    for name, width in WIDTHS.items():
        if len(getattr(body, name)) > width:
            raise _too_long(width)
    columns: dict[str, Any] = {name: getattr(body, name) for name in WIDTHS}
    columns |= {
        "labels": body.labels,
        "status": "online",
        "last_heartbeat": core.clock.text(core.clock.now()),
    }
    known = core.db.row(
        "select * from sentinels where hostname = ? order by registered_at", body.hostname
    )
    if known is not None:
        core.db.update("sentinels", "sentinel_id", known["sentinel_id"], **columns)
        return _answer(known, "Sentinel re-registered successfully")
    fresh = {"sentinel_id": _new_id(core, body), "api_token": f"sentinel_{secrets.token_hex(32)}"}
    if len(fresh["sentinel_id"]) > 64:
        raise _too_long(64)
    registered = core.clock.text(core.clock.now())
    core.db.insert(
        "sentinels", **fresh, hostname=body.hostname, registered_at=registered, **columns
    )
    core.db.run("update tasks set sentinel_id = ? where sentinel_id = ''", fresh["sentinel_id"])
    return _answer(fresh, "Sentinel registered successfully")


def heartbeat(core: Core, sentinel: str, body: Heartbeat) -> dict[str, Any]:
    """A sign of life. It is the one call that tells a sentinel that nobody knows it any more."""
    known = core.db.row("select * from sentinels where sentinel_id = ?", sentinel)
    if known is None:
        raise core.missing("心跳处理失败", "sentinel not found")
    if not -(2**31) <= body.task_count < 2**31 or not -(2**31) <= body.plugin_count < 2**31:
        raise Refused(500, 10001, "心跳处理失败: ERROR: integer out of range (SQLSTATE 22003)")
    changed = bool(body.version) and body.version != known["version"]
    columns: dict[str, Any] = {"usage": body.model_dump()}
    if changed:
        columns["version"] = body.version
    if not (core.quirks and changed):  # a new version brings the old row back, times included
        columns |= {"status": "online", "last_heartbeat": core.clock.text(core.clock.now())}
    core.db.update("sentinels", "sentinel_id", sentinel, **columns)
    return {"config_version": 1, "status": "ok"}


def verify(core: Core, sentinel: str, token: str) -> None:
    """Whether this is who it says. The real server has not got round to looking at the token.

    Raises:
        Refused: 401.
    """
    if not sentinel:
        raise Refused(401, 20001, "未提供 Sentinel ID")
    if not token:
        raise Refused(401, 20001, "未提供 API Token")
    if core.quirks:
        return
    known = core.db.row("select api_token from sentinels where sentinel_id = ?", sentinel)
    if known is None or not hmac.compare_digest(known["api_token"].encode(), token.encode()):
        raise Refused(401, 20002, "unknown sentinel or wrong token")


def _new_id(core: Core, body: Registration) -> str:
    """The real server's, which may be too long; a sane one's is cut to fit."""
    host = body.hostname if core.quirks else f"{body.hostname[:26]}-{_short(body.hostname)}"
    middle = f"{_short(body.mac_address)}-" if body.mac_address else ""
    return f"sentinel-{host}-{middle}{time.time():.0f}"


def _short(text: str) -> str:
    return hashlib.md5(text.encode(errors="replace"), usedforsecurity=False).hexdigest()[:8]


def _answer(row: dict[str, Any], message: str) -> dict[str, Any]:
    credentials = {"sentinel_id": row["sentinel_id"], "api_token": row["api_token"]}
    return {**credentials, "config": CONFIG, "message": message}


def _too_long(width: int) -> Refused:
    text = f"ERROR: value too long for type character varying({width}) (SQLSTATE 22001)"
    return Refused(500, 10001, f"注册失败: failed to create sentinel: {text}")
