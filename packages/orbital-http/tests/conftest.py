"""Clients of a test, closed after it."""

import pytest

from orbital_http import HttpClient, Tls


@pytest.fixture
def connect():
    """Makes a client of the server at a URL; `tls` is written as in a configuration."""
    clients = []

    def connect(url: str, *, tls=None, timeout=30.0, **settings) -> HttpClient:
        tls = Tls.model_validate(tls or {})
        clients.append(HttpClient(url, timeout=timeout, tls=tls, **settings))
        return clients[-1]

    yield connect
    for client in clients:
        client.close()
