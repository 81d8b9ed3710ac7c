"""The storage process: small, ended by nobody but its agent, and given up where it comes to nothing."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from orbital_buffer.store.rocks.process.remote import StorageProcess
from orbital_testbench import DiskFaults, Fault, wait_until

CIRCLES = """
import sys
from orbital_buffer.store.rocks.process import serve
from orbital_buffer.store.rocks.rocksdb import RocksStores

class Circling(RocksStores):
    def open(self, path, how):
        while any(path.glob("*.log")):
            pass
        return super().open(path, how)

serve.RocksStores = Circling
serve.main([int(one) for one in sys.argv[1:]])
"""
PARENT = """
import sys, time
from pathlib import Path
from orbital_buffer.store.rocks.process.remote import StorageProcess

stores = StorageProcess()
store = stores.open(Path(sys.argv[1]))
store.write([(b"r1", b"one")])
print(stores.pid, flush=True)
time.sleep(60)
"""
HELD = """
import sys
from pathlib import Path
from orbital_buffer.store.rocks.process.remote import StorageProcess

stores = StorageProcess()
store = stores.open(Path(sys.argv[1]))
store.write([(b"r1", b"one")])
store.sync()
print(stores.pid, flush=True)
sys.stdin.readline()
store.write([(b"r2", b"two")])
"""


def state(pid):
    """One letter (proc(5)); none where it is gone."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return ""


def alive(pid):
    return state(pid) not in ("", "Z")


def hold(pid):
    """As a disk does that does not answer."""
    os.kill(pid, signal.SIGSTOP)
    wait_until(lambda: state(pid) == "T", what="the stop")


def test_it_imports_next_to_nothing():
    """Neither pydantic nor msgspec nor anything of the agent but the storage room is in it."""
    code = "import orbital_buffer.store.rocks.process.serve, sys; print(*sys.modules)"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = set(out.stdout.split())
    assert not loaded & {"pydantic", "msgspec", "orbital_sdk", "asyncio", "snappy"}
    ours = {name for name in loaded if name.startswith("orbital")}
    packages = {"orbital_buffer", "orbital_buffer.store"}
    damage = {"orbital_buffer.model", "orbital_buffer.model.damage"}
    assert all(".store.rocks" in name for name in ours - packages - damage)


def test_signals_of_the_group_do_not_end_it(process, tmp_path):
    """Ctrl-C and systemd's SIGTERM reach every process: this one goes on until its agent is done with it."""
    store = process.open(tmp_path / "db")
    for one in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        os.kill(process.pid, one)
    store.write([(b"r1", b"one")])
    assert store.get(b"r1") == b"one"
    pid = process.pid
    store.close()
    process.stop()
    assert not alive(pid)


@pytest.mark.parametrize("stopped", [False, True], ids=["idle", "held"])
def test_it_ends_with_its_agent(tmp_path, stopped):
    """After `kill -9` of the agent nobody writes any more, not even a process that could not notice it."""
    parent = subprocess.Popen(
        [sys.executable, "-c", PARENT, str(tmp_path / "db")], stdout=subprocess.PIPE, text=True
    )
    pid = int(parent.stdout.readline())
    if stopped:
        hold(pid)
    parent.kill()
    parent.wait()
    parent.stdout.close()
    wait_until(lambda: not alive(pid), what="the end of the storage process")


@pytest.fixture
def orphan(tmp_path):
    """A storage process that the disk holds in a write, whose agent was killed; and the disk."""
    with DiskFaults(tmp_path / "faults", beneath=tmp_path / "db", orphans=True) as faults:
        parent = subprocess.Popen(
            [sys.executable, "-c", HELD, str(tmp_path / "db")], env={**os.environ, **faults.environ},
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        pid = int(parent.stdout.readline())
        faults.set(Fault("write", delay=600, match="*.log"))
        parent.stdin.write("\n")
        parent.stdin.flush()
        wait_until(lambda: faults.count("write"), what="a write that is held")
        parent.kill()
        parent.communicate()
        assert alive(pid)
        yield pid, faults
    wait_until(lambda: not alive(pid), what="the end of the storage process")


def test_the_next_agent_waits_for_one_that_writes_still(orphan, tmp_path, monkeypatch):
    """An agent that was killed is started anew while the disk holds its storage process, which has the
    database locked: the next one waits, and has what was being written, too.
    """
    _, faults = orphan
    with DiskFaults(tmp_path / "looks", beneath=tmp_path / "db") as looks:
        looks.set(Fault("open", match="*/LOCK"))
        for name, value in looks.environ.items():
            monkeypatch.setenv(name, value)

        def let_go():
            wait_until(lambda: looks.count("open") > 1, what="a second try")
            faults.clear()

        letting_go = threading.Thread(target=let_go)
        letting_go.start()
        stores = StorageProcess(moment=600)
        store = stores.open(tmp_path / "db")
        letting_go.join()
        assert store.values([b"r1", b"r2"]) == [b"one", b"two"]
        store.close()
        stores.stop()


def test_who_waits_for_it_in_vain_is_told_why(orphan, tmp_path):
    """Not in the words of RocksDB alone; the database opens as soon as the disk answers."""
    pid, faults = orphan
    stores = StorageProcess(moment=0)
    with pytest.raises(
        OSError, match="the storage process of an agent that was killed ends as soon"
    ):
        stores.open(tmp_path / "db")
    faults.clear()
    wait_until(lambda: not alive(pid), what="the end of the storage process")
    store = stores.open(tmp_path / "db")
    assert store.values([b"r1", b"r2"]) == [b"one", b"two"]
    store.close()
    stores.stop()


def test_one_that_dies_is_an_error_and_is_started_anew(process, tmp_path):
    """What was synced before is there; the error says what happened."""
    store = process.open(tmp_path / "db")
    store.write([(b"r1", b"one")])
    store.sync()
    os.kill(process.pid, signal.SIGKILL)
    with pytest.raises(OSError, match="the storage process was ended by SIGKILL"):
        store.get(b"r1")
    assert store.ended
    store.close()
    again = process.open(tmp_path / "db")
    assert again.get(b"r1") == b"one"
    assert not again.ended


def test_who_waits_for_it_can_be_let_go(process, tmp_path):
    """A process that the disk holds is given up: the caller gets an error at once."""
    store = process.open(tmp_path / "db")
    hold(process.pid)
    errors = []

    def ask():
        try:
            store.get(b"r1")
        except OSError as error:
            errors.append(str(error))

    asking = threading.Thread(target=ask)
    asking.start()
    process.give_up("was given up")
    asking.join()
    assert errors == ["the storage process was given up"]


def test_one_that_comes_to_nothing_is_ended_and_its_log_set_aside(tmp_path, monkeypatch):
    """CPU without a single read or write: the log is kept for whoever looks, and the rest opens."""
    with_log = StorageProcess()
    store = with_log.open(tmp_path / "db")
    store.write([(b"r1", b"one")])
    store.sync()
    os.kill(with_log.pid, signal.SIGKILL)
    store.close()
    with_log.stop()
    (tmp_path / "turns_in_a_circle.py").write_text(CIRCLES)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    stores = StorageProcess(spin=0.3, module="turns_in_a_circle")
    store = stores.open(tmp_path / "db")
    (mended,) = store.mended
    assert b"one" in mended.data
    assert "came to nothing" in mended.reason
    assert store.get(b"r1") is None
    store.write([(b"r2", b"two")])
    store.close()
    stores.stop()


def test_a_slow_disk_is_not_given_up(process, tmp_path):
    """A process that waits uses no CPU, however long it takes."""
    store = process.open(tmp_path / "db")
    hold(process.pid)
    go_on = threading.Timer(2.5, os.kill, (process.pid, signal.SIGCONT))
    go_on.start()
    store.write([(b"r1", b"one")])
    assert store.get(b"r1") == b"one"
