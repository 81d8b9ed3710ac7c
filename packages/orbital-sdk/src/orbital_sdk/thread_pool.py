"""Threads for calls that block: bounded, and none of them ever keeps the process from ending."""

from __future__ import annotations

import threading
from concurrent.futures import Executor, Future
from functools import partial
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

P = ParamSpec("P")
T = TypeVar("T")


class ThreadPool(Executor):
    """Like `ThreadPoolExecutor`, but of daemon threads: a device that never answers may hold a thread for
    ever, and the standard pool would wait for it when the process ends.

    Args:
        size: Threads at most; they start as they are needed.
        name: What they are called.
    """

    def __init__(self, size: int, name: str) -> None:
        self._size = size
        self._name = name
        self._work = SimpleQueue[tuple[Future[Any], "Callable[[], Any]"] | None]()
        self._idle = threading.Semaphore(0)
        self._threads: list[threading.Thread] = []
        self._lock = threading.Lock()
        self._closed = False

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """Run this on a thread, when one is free.

        Raises:
            RuntimeError: After `shutdown`, or the system allows not even one thread.
        """
        future = Future[T]()
        with self._lock:
            if self._closed:
                raise RuntimeError(f"the threads of {self._name} were shut down")
            if not self._idle.acquire(blocking=False) and len(self._threads) < self._size:
                self._start()
            self._work.put((future, partial(fn, *args, **kwargs)))
        return future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:  # noqa: FBT001, FBT002 (as in the base)
        with self._lock:
            self._closed = True
            if cancel_futures:
                self._cancel_waiting()
            for _ in self._threads:
                self._work.put(None)
        for thread in self._threads if wait else ():
            thread.join()

    def _start(self) -> None:
        name = f"{self._name}-{len(self._threads)}"
        thread = threading.Thread(target=self._run, name=name, daemon=True)
        try:
            thread.start()
        except RuntimeError:  # the system allows no more: those that are there do the work
            if not self._threads:
                raise
        else:
            self._threads.append(thread)

    def _run(self) -> None:
        while (item := self._work.get()) is not None:
            future, call = item
            if future.set_running_or_notify_cancel():
                try:
                    future.set_result(call())
                except BaseException as error:  # noqa: BLE001 (it belongs to whoever waits)
                    future.set_exception(error)
            del item, future, call  # an idle thread holds on to nothing
            self._idle.release()

    def _cancel_waiting(self) -> None:
        try:
            while (item := self._work.get_nowait()) is not None:
                item[0].cancel()
        except Empty:
            return
