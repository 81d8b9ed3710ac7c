"""The library that makes a disk fail for one process."""

from __future__ import annotations

import errno
import os
import subprocess
import sys

import pytest

from orbital_testbench import DiskFaults, Fault, wait_until

DOES = """
import ctypes, errno, os, sys
libc = ctypes.CDLL(None, use_errno=True)
libc.fopen.restype = ctypes.c_void_p
libc.fread.argtypes = [ctypes.c_char_p, ctypes.c_size_t, ctypes.c_size_t, ctypes.c_void_p]

def buffered(path):
    file = libc.fopen(path.encode(), b"r")
    if not libc.fread(ctypes.create_string_buffer(1), 1, 1, file):
        raise OSError(ctypes.get_errno(), "fread")

for line in sys.stdin:
    word, path = line.split()
    try:
        if word == "write":
            with open(path, "wb", buffering=0) as file:
                file.write(b"x")
        elif word == "fsync":
            with open(path, "rb") as file:
                os.fsync(file.fileno())
        elif word == "read":
            with open(path, "rb", buffering=0) as file:
                file.read()
        elif word == "fread":
            buffered(path)
        elif word == "rename":
            os.rename(path, path)
        elif word == "unlink":
            os.unlink(path)
        elif word == "resize":
            os.truncate(os.open(path, os.O_RDWR), 0)
        print("ok", flush=True)
    except OSError as error:
        print(errno.errorcode[error.errno], flush=True)
"""


class Process:
    """Does to files what it is told, and says how it went."""

    def __init__(self, environ):
        self.process = subprocess.Popen(
            [sys.executable, "-c", DOES], env=os.environ | environ, text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        )  # fmt: skip

    def tell(self, word, path):
        self.process.stdin.write(f"{word} {path}\n")
        self.process.stdin.flush()

    def said(self):
        return self.process.stdout.readline().strip()

    def does(self, word, path):
        self.tell(word, path)
        return self.said()


@pytest.fixture
def faults(tmp_path):
    with DiskFaults(tmp_path / "faults", beneath=tmp_path / "disk") as made:
        yield made


@pytest.fixture
def process(faults):
    started = Process(faults.environ)
    yield started
    started.process.communicate()


@pytest.fixture
def file(tmp_path):
    made = tmp_path / "disk" / "file"
    made.parent.mkdir()
    made.write_bytes(b"content")
    return made


@pytest.mark.parametrize("operation", ["write", "fsync", "read", "rename", "unlink", "resize"])
def test_a_call_fails_as_told_until_it_is_told_otherwise(operation, faults, process, file):
    """Each operation, with any errno, in a process that runs."""
    faults.set(Fault(operation, errno.EDQUOT))
    assert process.does(operation, file) == "EDQUOT"
    assert faults.count(operation) >= 1
    faults.clear()
    assert process.does(operation, file) == "ok"


def test_a_read_through_a_buffer_of_libc_fails_too(faults, process, file):
    """RocksDB reads its log, MANIFEST and CURRENT in this way."""
    faults.set(Fault("read", errno.EIO))
    assert process.does("fread", file) == "EIO"
    faults.clear()
    assert process.does("fread", file) == "ok"


def test_only_files_beneath_the_folder_that_match_fail(faults, process, file, tmp_path):
    """Neighbours are left alone."""
    faults.set(Fault("open", errno.EIO, match="*/disk/*"))
    outside = tmp_path / "disk-of-another"
    assert process.does("write", outside) == "ok"
    assert process.does("write", file) == "EIO"
    faults.set(Fault("open", errno.EIO, match="*.sst"))
    assert process.does("write", file) == "ok"


def test_each_nth_call_fails_and_only_so_often(faults, process, file):
    """`every` and `times`."""
    faults.set(Fault("write", errno.EIO, every=3, times=2))
    said = [process.does("write", file) for _ in range(9)]
    assert said == ["ok", "ok", "EIO", "ok", "ok", "EIO", "ok", "ok", "ok"]


def test_a_call_is_held_until_the_rule_is_gone(faults, process, file):
    """A stalling disk."""
    faults.set(Fault("fsync", delay=600))
    process.tell("fsync", file)
    wait_until(lambda: faults.count("fsync"), what="the call")
    faults.clear()
    assert process.said() == "ok"


@pytest.mark.parametrize(
    ("place", "said"), [((0, 4), "EIO"), ((6, 512), "EIO"), ((512, 1024), "ok")]
)
def test_an_unreadable_sector_fails_the_reads_that_touch_it(place, said, faults, process, file):
    """And no others."""
    faults.set(Fault("read", errno.EIO, place=place))
    assert process.does("read", file) == said
