"""A server in either mood."""

from __future__ import annotations

import pytest

from orbital_devcore.core import Core
from orbital_devcore.peer import Peer
from orbital_devcore.serving import serving


@pytest.fixture
def sane():
    core = Core()
    with serving(core) as address:
        yield Peer(address, core)


@pytest.fixture
def quirky():
    core = Core(quirks=True)
    with serving(core) as address:
        yield Peer(address, core)


@pytest.fixture(params=["sane", "quirky"])
def peer(request):
    """Both moods, one after the other."""
    return request.getfixturevalue(request.param)
