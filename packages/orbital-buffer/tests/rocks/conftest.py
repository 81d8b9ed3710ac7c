"""Databases for tests, in this process and in one of its own."""

from __future__ import annotations

import pytest

from orbital_buffer.store.rocks.process.remote import StorageProcess
from orbital_buffer.store.rocks.rocksdb import RocksStores


@pytest.fixture
def process():
    """A storage process that gives up soon."""
    stores = StorageProcess(spin=0.5)
    yield stores
    stores.stop()


@pytest.fixture(params=["here", "process"])
def stores(request):
    """Both ways to have a database open."""
    stores = RocksStores() if request.param == "here" else StorageProcess()
    yield stores
    stores.stop()
