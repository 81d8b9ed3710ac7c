"""A server in either mood: a new one for each test, behind an address that stays."""

from __future__ import annotations

import pytest

from orbital_devcore.app import create_app
from orbital_devcore.core import Core
from orbital_devcore.peer import Peer
from orbital_devcore.serving import listening


@pytest.fixture(scope="session")
def places():
    """Two of them: some tests compare the moods."""
    first, second = create_app(Core()), create_app(Core())
    with listening(first) as sane, listening(second) as quirky:
        yield {False: (first, sane), True: (second, quirky)}


def _peer(places, *, quirks: bool) -> Peer:
    app, address = places[quirks]
    app.core = Core(quirks=quirks)
    return Peer(address, app.core)


@pytest.fixture
def sane(places):
    return _peer(places, quirks=False)


@pytest.fixture
def quirky(places):
    return _peer(places, quirks=True)


@pytest.fixture(params=["sane", "quirky"])
def peer(request):
    """Both moods, one after the other."""
    return request.getfixturevalue(request.param)
