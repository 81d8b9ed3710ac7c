"""Listening sockets: TCP, or a Unix socket for the owner only, with clear errors when they are in use."""

from __future__ import annotations

import contextlib
import errno
import os
import socket
import stat
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from pathlib import Path

UNIX_PATH_LIMIT: Final = 107
"""Maximum bytes of a Unix socket's path, unix(7)."""
_TAKEN: Final = "another program has this port; set telemetry.listen to a free one"


class CannotListen(Exception):  # noqa: N818 (reads as what happened)
    """The address cannot be used; the message says why and what to do."""


def tcp(host: str, port: int) -> socket.socket:
    """A listening TCP socket. An empty host means all addresses, port 0 a free port.

    Raises:
        CannotListen: The port is in use, or the address does not belong to this machine.
    """
    try:
        if not host and socket.has_dualstack_ipv6():
            return socket.create_server(("", port), family=socket.AF_INET6, dualstack_ipv6=True)
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        return socket.create_server((host, port), family=family)
    except OSError as error:
        hint = _TAKEN if error.errno == errno.EADDRINUSE else "set telemetry.listen to another"
        why = os.strerror(error.errno) if error.errno and error.errno > 0 else error.strerror
        raise CannotListen(f"cannot listen on {host or '*'} port {port}: {why}; {hint}") from error


def unix(path: Path) -> socket.socket:
    """A listening Unix socket, 0600 in a folder of 0700. The socket of a dead process is replaced.

    Raises:
        CannotListen: Another process answers there, or the path cannot be used.
    """
    if len(os.fsencode(path)) > UNIX_PATH_LIMIT:
        raise CannotListen(
            f"{path} is too long for a unix socket ({UNIX_PATH_LIMIT} bytes); "
            "set telemetry.socket to a shorter one"
        )
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        _remove_dead(path)
        return _bind_private(path)
    except OSError as error:
        raise CannotListen(f"cannot use the socket {path}: {error.strerror}") from error


def url(sock: socket.socket) -> str:
    """The URL of this TCP socket for clients."""
    host, port = sock.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def is_loopback(sock: socket.socket) -> bool:
    """Whether it is reachable from this machine only."""
    host = str(sock.getsockname()[0])
    return host.startswith("127.") or host == "::1"


def _remove_dead(path: Path) -> None:
    try:
        if not stat.S_ISSOCK(path.lstat().st_mode):
            raise CannotListen(f"{path} is there and is not a socket; move it away")
    except FileNotFoundError:
        return
    with socket.socket(socket.AF_UNIX) as probe:
        probe.settimeout(1)
        try:
            probe.connect(os.fspath(path))
        except (ConnectionRefusedError, FileNotFoundError):
            path.unlink(missing_ok=True)
            return
        except (TimeoutError, BlockingIOError):
            pass  # a process has it, however slow
    raise CannotListen(
        f"another sentinel is running: it answers on {path} (see `sentinel status`, `sentinel stop`)"
    )


def _bind_private(path: Path) -> socket.socket:
    sock = socket.socket(socket.AF_UNIX)
    before = os.umask(0o177)  # never open to others, not even between bind and chmod
    try:
        sock.bind(os.fspath(path))
    except OSError:
        sock.close()
        raise
    finally:
        os.umask(before)
    sock.listen(128)
    return sock


def remove(path: Path, sock_inode: int) -> None:
    """Remove the socket's file, unless another process has replaced it since."""
    with contextlib.suppress(OSError):
        if path.lstat().st_ino == sock_inode:
            path.unlink()
