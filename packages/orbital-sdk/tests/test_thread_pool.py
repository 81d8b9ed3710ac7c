"""Threads for calls that block."""

import subprocess
import sys
import threading
from concurrent.futures import CancelledError

import pytest

from orbital_sdk.thread_pool import ThreadPool


def test_results_and_errors_come_back():
    """Whatever a call gives or raises belongs to whoever waits for it."""
    pool = ThreadPool(2, "p")
    assert pool.submit(lambda a, b: a + b, 1, b=2).result(5) == 3
    with pytest.raises(SystemExit):
        pool.submit(sys.exit, 3).result(5)
    assert pool.submit(lambda: "still here").result(5) == "still here"
    assert list(pool.map(str, range(20))) == [str(i) for i in range(20)]
    pool.shutdown()


def test_threads_start_as_they_are_needed_and_never_more():
    """One at a time needs one; many at once need as many as are allowed."""
    pool = ThreadPool(3, "count")
    for _ in range(5):
        pool.submit(int).result(5)
    gate, running = threading.Event(), threading.Semaphore(0)

    def hold():
        running.release()
        gate.wait(5)

    futures = [pool.submit(hold) for _ in range(10)]
    for _ in range(3):
        assert running.acquire(timeout=5)
    assert len([t for t in threading.enumerate() if t.name.startswith("count-")]) == 3
    gate.set()
    for future in futures:
        future.result(5)
    pool.shutdown()
    assert not [t for t in threading.enumerate() if t.name.startswith("count-")]


def test_what_waits_can_be_cancelled():
    """A run that was given up before a thread was free never begins."""
    pool = ThreadPool(1, "p")
    gate, began = threading.Event(), threading.Event()
    first = pool.submit(lambda: (began.set(), gate.wait(5)))
    assert began.wait(5)
    second, third = pool.submit(print, "never"), pool.submit(print, "never")
    assert second.cancel()
    pool.shutdown(wait=False, cancel_futures=True)
    assert third.cancelled()
    gate.set()
    first.result(5)
    with pytest.raises(CancelledError):
        second.result(5)


def test_a_stuck_thread_does_not_keep_the_process():
    """B-1, B-14: a device that never answers must not stop the agent from ending."""
    code = (
        "import threading\n"
        "from orbital_sdk.thread_pool import ThreadPool\n"
        "began = threading.Event()\n"
        "pool = ThreadPool(1, 'p')\n"
        "pool.submit(lambda: (began.set(), threading.Event().wait()))\n"
        "began.wait()\n"
        "pool.shutdown(wait=False, cancel_futures=True)\n"
    )
    assert subprocess.run([sys.executable, "-c", code], timeout=60, check=False).returncode == 0


POOR = """
import resource, threading
from orbital_sdk.thread_pool import ThreadPool
pool, go = ThreadPool(100, "p"), threading.Event()
pool.submit(int).result()
size = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (size, size))
futures = [pool.submit(go.wait) for _ in range(50)]
go.set()
print(sum(future.result(10) for future in futures))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="how large a process is stands in /proc")
def test_where_the_system_allows_no_more_threads_those_that_are_there_do_the_work():
    """A limit of the machine makes a pool smaller than it may be, and breaks no call."""
    done = subprocess.run(
        [sys.executable, "-c", POOR], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.strip() == "50"
