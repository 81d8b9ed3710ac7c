"""The last list of tasks on disk: whole, or not at all, and for one identity."""

from __future__ import annotations

import msgspec
import pytest
from pydantic import SecretStr

from orbital_gravital.credentials import Credentials
from orbital_gravital.tasks.cache import TOGETHER, TaskCache

WHO = Credentials("sentinel-a", SecretStr("sentinel_abc"))
ENTRIES = [
    msgspec.Raw(b'{"task_id":"%d","secret":"community"}' % n) for n in range(2 * TOGETHER + 7)
]


@pytest.fixture
def cache(tmp_path):
    return TaskCache(tmp_path)


@pytest.mark.parametrize("count", [0, 1, TOGETHER, len(ENTRIES)])
def test_a_list_comes_back_as_it_was(cache, count):
    """Of any length, in its order; nothing of it can be read in the file."""
    cache.save(ENTRIES[:count], WHO)
    assert list(map(bytes, cache.load(WHO))) == list(map(bytes, ENTRIES[:count]))
    assert b"community" not in cache.path.read_bytes()


def test_a_shorter_list_leaves_nothing_of_a_longer_one(cache):
    """The file is replaced as a whole."""
    cache.save(ENTRIES, WHO)
    cache.save(ENTRIES[:1], WHO)
    assert len(cache.load(WHO)) == 1
    assert len(list(cache.path.parent.iterdir())) == 1


def test_it_opens_for_the_identity_that_it_was_written_for_alone(cache, caplog):
    """Another one waits for Core, and says so."""
    cache.save(ENTRIES, WHO)
    assert cache.load(Credentials("sentinel-a", SecretStr("sentinel_def"))) == []
    assert "another identity" in caplog.text


@pytest.mark.parametrize("at", [0, 5000, -3])
def test_a_damaged_file_is_no_list(cache, caplog, at):
    """Wherever the damage is: half of the tasks would pass for all of them."""
    cache.save(ENTRIES, WHO)
    content = bytearray(cache.path.read_bytes())
    content[at] ^= 1
    cache.path.write_bytes(content)
    assert cache.load(WHO) == []
    assert "damaged" in caplog.text
