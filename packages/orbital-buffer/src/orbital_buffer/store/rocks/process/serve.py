"""The storage process. Started with `python -P -m` and file descriptors as arguments.

Each descriptor is a socket for requests, one at a time, with its own thread, so that reads do not wait for a
sync. The process imports little, and does not decode samples.

It ends with the agent and not before: it ignores signals to the process group (Ctrl-C, a stop by systemd),
which the agent handles. When the other end is closed it exits without closing anything, as in a crash.
"""

from __future__ import annotations

import ctypes
import os
import signal
import socket
import sys
import threading
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, cast

from orbital_buffer.model.damage import Damaged
from orbital_buffer.store.rocks.port import Opening, Portion
from orbital_buffer.store.rocks.process.frames import FAILED, OK, Channel
from orbital_buffer.store.rocks.rocksdb import RocksStores

if TYPE_CHECKING:
    from collections.abc import Callable

    from orbital_buffer.store.rocks.port import Value
    from orbital_buffer.store.rocks.rocksdb import RocksStore

PR_SET_PDEATHSIG: Final = 1


class Served:
    """The open databases, by number."""

    def __init__(self) -> None:
        self._stores = RocksStores()
        self._open: dict[int, RocksStore] = {}
        self._next = 1

    def answer(self, call: str, number: int, arguments: tuple[Any, ...]) -> Any:
        """Execute a request.

        Raises:
            OSError: As documented in the port.
        """
        if call == "open":
            return self._opened(*arguments)
        if call == "repair":
            path, tolerant = arguments
            return self._stores.repair(Path(path), tolerant=tolerant)
        store = self._open.get(number)
        if store is None:
            raise OSError("the database is closed")
        if call == "shut":
            del self._open[number]
        answer: Callable[..., Any] = getattr(store, call)
        return _plain(answer(*arguments))

    def _opened(self, path: str, *how: bool) -> tuple[int, list[tuple[Any, ...]]]:
        store = self._stores.open(Path(path), Opening(*how))
        number, self._next = self._next, self._next + 1
        self._open[number] = store
        return number, [tuple(one) for one in store.mended]


def _plain(answer: Any) -> Any:
    """The answer in types that can be sent: damage among values becomes its text."""
    if isinstance(answer, Portion):
        return tuple(answer)
    if isinstance(answer, list):
        values = cast("list[Value]", answer)
        return [str(value) if isinstance(value, Damaged) else value for value in values]
    return answer


def serve(channel: Channel, served: Served) -> None:
    """Answer requests until the other end is closed, then exit the process, regardless of other threads."""
    try:
        while True:
            call, number, arguments = channel.receive()
            channel.send(_answered(served, call, number, arguments))
    except (EOFError, OSError):
        os._exit(0)
    except BaseException:  # noqa: BLE001 (a bug: printed, and the process must not continue with one thread)
        traceback.print_exc()
        os._exit(1)


def _answered(
    served: Served, call: str, number: int, arguments: tuple[Any, ...]
) -> tuple[str, Any]:
    try:
        answer = served.answer(call, number, arguments)
    except OSError as error:
        told = (error.errno, error.strerror, error.filename) if error.errno else (str(error),)
        return FAILED, told
    return OK, answer


def main(handles: list[int]) -> None:
    """Serve these sockets."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    if (
        sys.platform == "linux"
    ):  # a thread in an endless call cannot notice that the other end is closed
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    served = Served()
    first, *others = (Channel(socket.socket(fileno=handle)) for handle in handles)
    for channel in others:
        threading.Thread(target=serve, args=(channel, served), daemon=True).start()
    serve(first, served)


if __name__ == "__main__":
    main([int(one) for one in sys.argv[1:]])
