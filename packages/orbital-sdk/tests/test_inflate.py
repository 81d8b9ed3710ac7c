"""Bodies without their encoding: whole, or as much as was asked for, with the reason."""

from __future__ import annotations

import gzip
import random
import tracemalloc
import zlib

import pytest

from orbital_sdk.inflate import MEMBERS, inflated

TEXT = b"text " * 100
RAW = zlib.compressobj(wbits=-15)
BARE = RAW.compress(TEXT) + RAW.flush()


@pytest.mark.parametrize(
    ("body", "coding"),
    [
        (TEXT, ""),
        (TEXT, "identity"),
        (gzip.compress(TEXT, mtime=0), "gzip"),
        (gzip.compress(TEXT, mtime=0), " GZIP "),
        (gzip.compress(TEXT, mtime=0), "x-gzip"),
        (gzip.compress(TEXT[:50], mtime=0) + gzip.compress(TEXT[50:], mtime=0), "gzip"),
        (zlib.compress(TEXT), "deflate"),
        (BARE, "deflate"),
    ],
)
def test_a_body_is_what_it_was(body, coding):
    """By each coding that is in use."""
    assert inflated(body, coding, len(TEXT)) == (TEXT, "")


@pytest.mark.parametrize(
    ("body", "coding", "data", "problem"),
    [
        (TEXT, "", TEXT[:10], "larger than 10 bytes"),
        (gzip.compress(TEXT, mtime=0), "gzip", TEXT[:10], "larger than 10 bytes when decompressed"),
        (gzip.compress(b"ten bytes!", mtime=0)[:-9], "gzip", None, "cut off"),
        (b"plain text", "gzip", b"", "damaged"),
        (gzip.compress(b"", mtime=0) * (MEMBERS + 1), "gzip", b"", "more than 16 parts"),
        (b"?", "br", b"", "content-encoding 'br' is not known here"),
        (b"?", "gzip, gzip", b"", "content-encoding 'gzip, gzip' is not known here"),
    ],
)
def test_what_is_wrong_is_said(body, coding, data, problem):
    """Beside as much as could be had."""
    got = inflated(body, coding, 10)
    assert data is None or got.data == data
    assert problem in got.problem


def test_a_bomb_is_known_by_how_it_grows():
    """Where a large body is possible, but not that much of it out of so little."""
    bomb = gzip.compress(bytes(100 << 20), 9)
    tracemalloc.start()
    got = inflated(bomb, "gzip", 100 << 20, times=100)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert got.problem == "the body becomes more than 100 times as large"
    assert peak < 16 << 20
    fair = bytes(1 << 20) + random.Random(1).randbytes(1 << 20)
    assert inflated(gzip.compress(fair, mtime=0), "gzip", 1 << 30, times=2) == (fair, "")


def test_a_bomb_takes_no_more_than_was_asked_for():
    """A hundred megabytes in a hundred kilobytes: what is held grows with the limit alone."""
    bomb = gzip.compress(bytes(100 << 20), 1)
    tracemalloc.start()
    assert len(inflated(bomb, "gzip", 1 << 20).data) == 1 << 20
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 4 << 20
