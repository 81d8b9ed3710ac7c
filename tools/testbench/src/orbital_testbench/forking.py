"""The process that `Forks` talks to: it imports a package, and forks whenever it is asked to."""

from __future__ import annotations

import atexit
import gc
import importlib
import json
import os
import runpy
import selectors
import signal
import socket
import sys
import threading
import time
import warnings
from contextlib import suppress
from importlib.metadata import entry_points
from typing import Any, Final

_MOST: Final = 1 << 20
"""Bytes of a request."""


def main(descriptor: int, package: str, imports: list[str]) -> None:
    """Fork until nobody is there any more; what is forked runs the package."""
    control = socket.socket(fileno=descriptor)
    for name in imports:
        _load(name)
    gc.collect()
    gc.freeze()  # what is shared stays shared: looking for garbage would copy it all
    control.send(b"ready")
    asked = _serve(control)
    if asked is not None:
        _run(package, *asked)


def _load(name: str) -> None:
    group = name.removesuffix(":")
    if group == name:
        importlib.import_module(name)
        return
    for point in entry_points(group=group):
        point.load()


def _serve(control: socket.socket) -> tuple[dict[str, Any], list[int]] | None:
    """In a child what it has to run, and its streams; in the parent None, at the end."""
    woken, wake = socket.socketpair()
    for one in (woken, wake):
        one.setblocking(False)
    signal.set_wakeup_fd(wake.fileno())
    signal.signal(signal.SIGCHLD, _wake)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    links: dict[int, socket.socket] = {}
    selector = selectors.DefaultSelector()
    for one in (control, woken):
        selector.register(one, selectors.EVENT_READ)
    while True:
        for key, _ in selector.select():
            if key.fileobj is woken:
                woken.recv(100)
                _tell(links)
                continue
            told, descriptors, _, _ = socket.recv_fds(control, _MOST, 4)
            if not told:
                return None
            *streams, link = descriptors
            child = os.fork()
            if not child:
                signal.set_wakeup_fd(-1)
                signal.signal(signal.SIGCHLD, signal.SIG_DFL)
                signal.signal(signal.SIGINT, signal.default_int_handler)
                for one in (selector, control, woken, wake, *links.values()):
                    one.close()
                os.close(link)
                return json.loads(told), streams
            for one in streams:
                os.close(one)
            links[child] = socket.socket(fileno=link)
            links[child].send(child.to_bytes(4, "little"))


def _wake(_number: int, _frame: object) -> None:
    """A signal without a handler wakes nobody."""


def _tell(links: dict[int, socket.socket]) -> None:
    """Who waits for a process that has ended."""
    while links:
        child, status = os.waitpid(-1, os.WNOHANG)
        if not child:
            return
        with links.pop(child) as link:
            code = os.waitstatus_to_exitcode(status)
            link.send(code.to_bytes(4, "little", signed=True))


def _run(package: str, asked: dict[str, Any], streams: list[int]) -> None:
    """As `python -m PACKAGE` would."""
    for place, descriptor in enumerate(streams):
        os.dup2(descriptor, place)
        os.close(descriptor)
    os.chdir(asked["cwd"])
    os.environ.clear()
    os.environ.update(asked["env"])
    time.tzset()
    for action in filter(None, os.environ.get("PYTHONWARNINGS", "").split(",")):
        warnings.simplefilter(action)  # pyright: ignore[reportArgumentType] (as the interpreter's own option)
    added = os.environ.get("PYTHONPATH", "").split(os.pathsep)
    sys.path[:0] = [asked["cwd"], *filter(None, added)]
    sys.argv = [package, *asked["arguments"]]
    sys.stdin = os.fdopen(0, closefd=False)
    sys.stdout = os.fdopen(1, "w", encoding="utf-8", errors="surrogateescape", closefd=False)
    sys.stderr = os.fdopen(2, "w", 1, encoding="utf-8", errors="backslashreplace", closefd=False)
    code: object = 0
    try:
        runpy.run_module(package, run_name="__main__", alter_sys=True)
    except SystemExit as end:
        code = end.code
    _leave(code if isinstance(code, int) else 0 if code is None else 1)


def _leave(code: int) -> None:
    """As the interpreter does, but that it takes down nothing that was imported before."""
    threading._shutdown()  # noqa: SLF001  # pyright: ignore[reportPrivateUsage, reportAttributeAccessIssue, reportUnknownMemberType] (nothing public waits for threads)
    atexit._run_exitfuncs()  # noqa: SLF001  # pyright: ignore[reportPrivateUsage] (as above)
    gc.collect()  # what was left open is warned of
    for one in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError):
            one.flush()
    os._exit(code)


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2], sys.argv[3:])
